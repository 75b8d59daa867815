# SPDX-License-Identifier: MPL-2.0
"""One measured capture of the Python package pixelflux (2.x): peer.py <mode> <recording path>.

Speaks the protocol of capture-child.ts: "ready", a line in, a line in, figures out.
"""
import json
import os
import resource
import sys
import time

from pixelflux import CaptureSettings, ScreenCapture

QUIET_S = 0.7

mode, recording_path = sys.argv[1:3]
width, height = (int(part) for part in os.environ["PF_SIZE"].split("x"))
arrivals = []
payloads = []
total_bytes = 0
frame_ids = set()


def take(frame):
    global total_bytes
    arrival_ns = time.monotonic_ns()
    payload = bytes(frame)
    frame_ids.add(frame.frame_id)
    arrivals.append(
        {
            "arrivalNs": arrival_ns,
            "type": "jpeg" if frame.data_type == 0 else "h264",
            "frameId": frame.frame_id,
            "x": 0,
            "y": frame.stripe_y_start,
            "width": width,
            "height": frame.stripe_height,
            "offset": total_bytes,
            "size": len(payload),
        }
    )
    payloads.append(payload)
    total_bytes += len(payload)


def resident_bytes():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def reading():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "wallNs": time.monotonic_ns(),
        "cpuNs": (usage.ru_utime + usage.ru_stime) * 1e9,
        "frames": len(frame_ids),
        "stripes": len(arrivals),
        "bytes": total_bytes,
        "switches": usage.ru_nvcsw + usage.ru_nivcsw,
    }


settings = CaptureSettings()
settings.use_wayland = False
settings.use_cpu = True
settings.encode_node_index = -1
settings.capture_width = width
settings.capture_height = height
settings.capture_cursor = False
settings.auto_adjust_screen_capture_size = False
settings.target_fps = 60.0
settings.codec = "jpeg" if mode == "jpeg" else "h264"
settings.video_fullframe = mode == "fullframe"
settings.jpeg_quality = 75
settings.paint_over_jpeg_quality = 90
settings.video_crf = 25
settings.video_paintover_crf = 18
settings.use_paint_over_quality = True
settings.omit_stripe_headers = True



def wait_for_rest():
    known = -1
    while known != len(arrivals) or not arrivals:
        known = len(arrivals)
        time.sleep(QUIET_S)


capture = ScreenCapture()
capture.start_capture(take, settings)
wait_for_rest()
print("ready", flush=True)

sys.stdin.readline()
before = reading()
sys.stdin.readline()
after = reading()
figures = {key: after[key] - before[key] for key in before}
figures["residentBytes"] = resident_bytes() - total_bytes
figures["nativeBytes"] = None
wait_for_rest()
capture.stop_capture()
with open(recording_path + ".bin", "wb") as file:
    file.write(b"".join(payloads))
with open(recording_path + ".json", "w") as file:
    json.dump(arrivals, file)
print(json.dumps(figures), flush=True)
os._exit(0)
