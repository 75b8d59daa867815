// SPDX-License-Identifier: MPL-2.0
//! Compiles x264 from its source into a module: 8 bits, no OpenCL, position
//! independent. For the prebuilt libraries, since Debian's archive cannot go into
//! a shared library on arm64: its assembly is not position independent.
//!
//! x264's own configure would do, but it compiles a hundred probes a target; what
//! it finds out on Linux with clang never differs, and is written down here.
const std = @import("std");

/// Independent of the bit depth.
const common_sources = [_][]const u8{
    "common/osdep.c", "common/base.c", "common/cpu.c", "common/tables.c", "encoder/api.c",
};

/// Compiled for each bit depth, of which we need one.
const depth_sources = [_][]const u8{
    "common/bitstream.c",  "common/cabac.c",       "common/common.c",     "common/dct.c",
    "common/deblock.c",    "common/frame.c",       "common/macroblock.c", "common/mc.c",
    "common/mvpred.c",     "common/pixel.c",       "common/predict.c",    "common/quant.c",
    "common/rectangle.c",  "common/set.c",         "common/threadpool.c", "common/vlc.c",
    "encoder/analyse.c",   "encoder/cabac.c",      "encoder/cavlc.c",     "encoder/encoder.c",
    "encoder/lookahead.c", "encoder/macroblock.c", "encoder/me.c",        "encoder/ratecontrol.c",
    "encoder/set.c",
};

const x86_sources = [_][]const u8{ "common/x86/mc-c.c", "common/x86/predict-c.c" };

const x86_assembly = [_][]const u8{
    "bitstream-a", "cabac-a", "const-a",   "dct-64",  "dct-a", "deblock-a",  "mc-a",
    "mc-a2",       "pixel-a", "predict-a", "quant-a", "sad-a", "trellis-64",
};

const arm64_sources = [_][]const u8{
    "common/aarch64/asm-offsets.c", "common/aarch64/bitstream-a.S", "common/aarch64/cabac-a.S",
    "common/aarch64/dct-a.S",       "common/aarch64/deblock-a.S",   "common/aarch64/mc-a.S",
    "common/aarch64/mc-c.c",        "common/aarch64/pixel-a.S",     "common/aarch64/predict-a.S",
    "common/aarch64/predict-c.c",   "common/aarch64/quant-a.S",
};

const flags = [_][]const u8{
    "-std=gnu99",         "-D_GNU_SOURCE",       "-O3", "-ffast-math", "-fno-vectorize",
    "-fno-slp-vectorize", "-fvisibility=hidden", "-w",  "-DPIC",       "-g0",
};
const depth_flags = [_][]const u8{ "-DHIGH_BIT_DEPTH=0", "-DBIT_DEPTH=8" };

/// Its C keeps the stack aligned for the widest vectors that its assembly stores.
const x86_flags = [_][]const u8{"-mstack-alignment=64"};

/// Every name that x264's code asks for has to be defined, if by 0.
const config_always =
    \\#define SYS_LINUX 1
    \\#define HAVE_MALLOC_H 1
    \\#define HAVE_POSIXTHREAD 1
    \\#define HAVE_THREAD 1
    \\#define HAVE_LOG2F 1
    \\#define HAVE_STRTOK_R 1
    \\#define HAVE_CLOCK_GETTIME 1
    \\#define HAVE_MMAP 1
    \\#define HAVE_VECTOREXT 1
    \\#define HAVE_BITDEPTH8 1
    \\#define HAVE_GPL 1
    \\#define HAVE_INTERLACED 1
    \\#define fseek fseeko
    \\#define ftell ftello
    \\
;
const config_never = [_][]const u8{
    "ALTIVEC",          "ALTIVEC_H",   "ARMV6",      "ARMV6T2",   "ARM_INLINE_ASM", "AS_FUNC",
    "AVS",              "BEOSTHREAD",  "BITDEPTH10", "CPU_COUNT", "FFMS",           "GPAC",
    "INTEL_DISPATCHER", "LAVF",        "LSMASH",     "MSA",       "OPENCL",         "SWSCALE",
    "VSX",              "WIN32THREAD", "WINRT",
};
const config_x86 =
    \\#define ARCH_X86_64 1
    \\#define STACK_ALIGNMENT 64
    \\#define HAVE_MMX 1
    \\#define HAVE_THP 1
    \\#define HAVE_X86_INLINE_ASM 1
    \\#define HAVE_AARCH64 0
    \\#define HAVE_NEON 0
    \\
;
const config_arm64 =
    \\#define ARCH_AARCH64 1
    \\#define STACK_ALIGNMENT 16
    \\#define HAVE_MMX 0
    \\#define HAVE_THP 0
    \\#define HAVE_X86_INLINE_ASM 0
    \\#define HAVE_AARCH64 1
    \\#define HAVE_NEON 1
    \\
;

/// Compiles the source in `source` into `module`, which may include <x264.h> then.
/// On x86 nasm has to be installed.
pub fn add(b: *std.Build, module: *std.Build.Module, source: std.Build.LazyPath, is_x86: bool) void {
    const config = b.addWriteFiles();
    _ = config.add("config.h", configText(b, is_x86));
    module.addSystemIncludePath(config.getDirectory());
    module.addSystemIncludePath(source);

    const c_flags: []const []const u8 = if (is_x86) &(flags ++ x86_flags) else &flags;
    module.addCSourceFiles(.{ .root = source, .files = &common_sources, .flags = c_flags });
    const arch_sources: []const []const u8 = if (is_x86) &x86_sources else &arm64_sources;
    const c_depth_flags: []const []const u8 =
        if (is_x86) &(flags ++ x86_flags ++ depth_flags) else &(flags ++ depth_flags);
    for ([_][]const []const u8{ &depth_sources, arch_sources }) |files| {
        module.addCSourceFiles(.{ .root = source, .files = files, .flags = c_depth_flags });
    }
    if (is_x86) addX86Assembly(b, module, source);
}

fn configText(b: *std.Build, is_x86: bool) []const u8 {
    var text: []const u8 = b.fmt("{s}{s}", .{ config_always, if (is_x86) config_x86 else config_arm64 });
    for (config_never) |name| text = b.fmt("{s}#define HAVE_{s} 0\n", .{ text, name });
    return text;
}

fn addX86Assembly(b: *std.Build, module: *std.Build.Module, source: std.Build.LazyPath) void {
    module.addObjectFile(assemble(b, source, "cpu-a", &.{}));
    for (x86_assembly) |name| {
        module.addObjectFile(assemble(b, source, name, &.{ "-DBIT_DEPTH=8", "-Dprivate_prefix=x264_8" }));
    }
}

fn assemble(
    b: *std.Build,
    source: std.Build.LazyPath,
    name: []const u8,
    defines: []const []const u8,
) std.Build.LazyPath {
    const nasm = b.addSystemCommand(&.{ "nasm", "-f", "elf64", "-DARCH_X86_64=1", "-DPIC", "-DSTACK_ALIGNMENT=64" });
    nasm.addArgs(defines);
    nasm.addPrefixedDirectoryArg("-I", source);
    nasm.addPrefixedDirectoryArg("-I", source.path(b, "common/x86"));
    nasm.addArg("-o");
    const object = nasm.addOutputFileArg(b.fmt("{s}.o", .{name}));
    nasm.addFileArg(source.path(b, b.fmt("common/x86/{s}.asm", .{name})));
    return object;
}
