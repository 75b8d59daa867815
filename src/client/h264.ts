// SPDX-License-Identifier: MPL-2.0

/** NAL unit type of a sequence parameter set (ITU-T H.264, table 7-1). */
const NAL_TYPE_SPS = 7;

/**
 * Finds the first NAL unit of a type in an Annex B byte stream.
 *
 * @param stream - NAL units behind three- or four-byte start codes.
 * @param type - `nal_unit_type`, 0…31.
 * @returns The index of the NAL unit's header byte, or -1.
 */
export function nalUnitIndex(stream: Uint8Array, type: number): number {
  for (let index = 0; index + 3 < stream.length; index++) {
    // A four-byte start code ends in a three-byte one; emulation prevention
    // (7.4.1) keeps 00 00 01 out of the NAL units themselves.
    if (stream[index] !== 0 || stream[index + 1] !== 0 || stream[index + 2] !== 1) continue;
    const header = stream[index + 3];
    if (header !== undefined && (header & 0x1f) === type) return index + 3;
  }
  return -1;
}

/**
 * Reads the WebCodecs codec string (`avc1.PPCCLL`) from an access unit's SPS:
 * `profile_idc`, the constraint flags and `level_idc` follow the NAL header
 * (ITU-T H.264, 7.3.2.1.1; RFC 6381, 3.3).
 *
 * @param accessUnit - An Annex B access unit, as every IDR of a capture is.
 * @returns `undefined` where the access unit carries no SPS.
 */
export function codecString(accessUnit: Uint8Array): string | undefined {
  const index = nalUnitIndex(accessUnit, NAL_TYPE_SPS);
  if (index < 0 || index + 3 >= accessUnit.length) return undefined;
  const bytes = accessUnit.subarray(index + 1, index + 4);
  return `avc1.${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
