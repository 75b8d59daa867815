// SPDX-License-Identifier: MPL-2.0
// Viewers of a fan-out in a process of their own; see crowd.ts.
import { monotonicUs } from "../../src/index.ts";
import { parseStripe } from "../../src/wire.ts";
import type { CrowdCommand, CrowdReply, FrameSeen, ViewerKind, ViewerReport } from "./crowd.ts";
import { RawViewer } from "./raw-viewer.ts";

const viewers: Member[] = [];

/** One viewer: counts, acknowledges as a player does, and keeps stripes where asked to. */
class Member {
  report: ViewerReport;
  readonly #kind: ViewerKind;
  #viewer: RawViewer | undefined;
  #frame: FrameSeen | undefined;

  constructor(kind: ViewerKind) {
    this.#kind = kind;
    this.report = emptyReport();
  }

  async open(url: string): Promise<void> {
    this.#viewer = await RawViewer.open(new URL(url), this.#kind.bytesPerSecond, {
      onText: (text) => this.#hear(text),
      onBinary: (bytes) => this.#take(bytes),
      onClose: (code) => {
        this.report.closed = code ?? "hung up";
      },
    });
  }

  send(text: string): void {
    this.#viewer?.send(text);
  }

  setRate(bytesPerSecond: number): void {
    this.#viewer?.setRate(bytesPerSecond);
  }

  vanish(): void {
    this.#viewer?.vanish();
  }

  /** What was seen since it was last asked for. */
  takeReport(): ViewerReport {
    const { report } = this;
    this.report = { ...emptyReport(), closed: report.closed, screen: report.screen };
    return report;
  }

  #hear(text: string): void {
    const message = JSON.parse(text);
    switch (message.type) {
      case "screen":
        this.report.screen = message;
        return;
      case "frame":
        this.#frame = { frameId: message.frameId, timestampUs: message.timestamp, stripes: [] };
        return;
      case "end":
        this.#end(message.frameId);
        return;
      case "failure":
        this.report.failure = message.message;
        return;
    }
  }

  #take(bytes: Uint8Array): void {
    this.report.stripes += 1;
    this.report.bytes += bytes.length;
    const stripe = parseStripe(bytes);
    if (stripe.frameId !== this.#frame?.frameId) this.report.strays += 1;
    if (this.#kind.keepsStripes) this.#frame?.stripes.push(Buffer.from(bytes).toString("base64"));
  }

  #end(frameId: number): void {
    const frame = this.#frame;
    if (frame?.frameId !== frameId) {
      this.report.strays += 1;
      return;
    }
    this.#frame = undefined;
    this.report.frames += 1;
    this.report.latenciesMs.push((monotonicUs() - frame.timestampUs) / 1000);
    if (this.#kind.keepsStripes) this.report.seen.push(frame);
    if (this.#kind.acknowledges) this.send(JSON.stringify({ type: "ack", frameId }));
  }
}

function emptyReport(): ViewerReport {
  return { frames: 0, stripes: 0, bytes: 0, strays: 0, latenciesMs: [], seen: [] };
}

async function carryOut(command: CrowdCommand): Promise<unknown> {
  switch (command.kind) {
    case "join": {
      const members = command.viewers.map((kind) => new Member(kind));
      await Promise.all(members.map((member) => member.open(command.url)));
      viewers.push(...members);
      return viewers.length - members.length;
    }
    case "report":
      return viewers.map((member) => member.takeReport());
    case "send":
      viewers[command.index]?.send(command.text);
      return undefined;
    case "rate":
      viewers[command.index]?.setRate(command.bytesPerSecond);
      return undefined;
    case "vanish":
      viewers[command.index]?.vanish();
      return undefined;
  }
}

process.on("message", ({ id, command }: { id: number; command: CrowdCommand }) => {
  const say = (reply: CrowdReply) => process.send?.(reply);
  carryOut(command).then(
    (value) => say({ id, value }),
    (error) => say({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
