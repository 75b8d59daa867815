// SPDX-License-Identifier: MPL-2.0
//! Builds the native core.
//!
//!   zig build                               library, painter and codec benchmark, debug
//!   zig build -Doptimize=fast               the same, as it is released
//!   zig build library                       the library alone; -Dx264=false: one without H.264
//!   zig build instructions -Doptimize=fast  what scripts/instructions counts; needs valgrind's headers
//!   zig build test                          the native unit tests
//!   zig build test -Dsanitize=address       the same under ASan, UBSan and LeakSanitizer
//!   zig build test -Dsanitize=thread        the same under TSan
//!   zig build fuzz                          what scripts/fuzz runs; needs clang
const std = @import("std");
const x264 = @import("prebuild/x264.zig");

const Sanitizer = enum { none, address, thread };

const core_sources = [_][]const u8{
    "native/src/abi/capture.c",
    "native/src/abi/changes.c",
    "native/src/abi/frames.c",
    "native/src/abi/handles.c",
    "native/src/abi/last_error.c",
    "native/src/abi/layout.c",
    "native/src/abi/lease.c",
    "native/src/abi/library.c",
    "native/src/abi/pictures.c",
    "native/src/abi/settings.c",
    "native/src/base/buffer.c",
    "native/src/base/cpu.c",
    "native/src/base/error.c",
    "native/src/base/handle.c",
    "native/src/base/histogram.c",
    "native/src/base/memory.c",
    "native/src/base/wake.c",
    "native/src/capture/capture.c",
    "native/src/capture/capture_thread.c",
    "native/src/capture/change_log.c",
    "native/src/capture/cursor_stream.c",
    "native/src/capture/frame.c",
    "native/src/capture/frame_stage.c",
    "native/src/capture/jpeg_picture.c",
    "native/src/capture/outbox.c",
    "native/src/capture/overlays.c",
    "native/src/capture/pacer.c",
    "native/src/capture/pool.c",
    "native/src/capture/screenshots.c",
    "native/src/capture/scroll_copy.c",
    "native/src/capture/stripe_job.c",
    "native/src/capture/tap.c",
    "native/src/damage/change_map.c",
    "native/src/damage/hash.c",
    "native/src/damage/layout.c",
    "native/src/damage/scroll.c",
    "native/src/damage/stripe_state.c",
    "native/src/damage/tiles.c",
    "native/src/encode/color.c",
    "native/src/encode/encoder.c",
    "native/src/encode/jpeg.c",
    "native/src/encode/jpeg_join.c",
    "native/src/encode/png.c",
    "native/src/encode/wire_header.c",
    "native/src/overlay/overlay.c",
    "native/src/overlay/watermark.c",
    "native/src/source/frames.c",
    "native/src/source/frames_reader.c",
    "native/src/source/frames_source.c",
    "native/src/source/frames_table.c",
    "native/src/source/source.c",
    "native/src/source/synthetic.c",
    "native/src/source/x11.c",
    "native/src/source/x11_authority.c",
    "native/src/source/x11_connect.c",
    "native/src/source/x11_cursor.c",
    "native/src/source/x11_grab.c",
    "native/src/source/x11_monitor.c",
    "native/src/source/x11_setup.c",
    "native/src/source/x11_target.c",
    "native/src/source/x11_window.c",
};

/// The codec that makes the library GPL-2.0-or-later; left out by -Dx264=false.
const x264_source = "native/src/encode/h264.c";

/// Compiled for AVX2 and called only where the CPU has it.
const avx2_source = "native/src/damage/hash_avx2.c";

const core_libraries = [_][]const u8{
    "xcb",           "xcb-shm",   "xcb-damage", "xcb-xfixes", "xcb-xinput",
    "xcb-composite", "xcb-randr", "jpeg",       "png",        "yuv",
};

/// What those need in turn, where they are archives.
const archive_libraries = [_][]const u8{ "Xau", "Xdmcp", "z" };

/// What stands in for libc where an archive's code may not use it; prebuild/archives.ts.
const archive_source = "native/src/base/archive.c";

const test_sources = [_][]const u8{
    "native/test/main.c",
    "native/test/pushed.c",
    "native/test/screen.c",
    "native/test/session.c",
    "native/test/shot.c",
    "native/test/test_abi.c",
    "native/test/test_authority.c",
    "native/test/test_base.c",
    "native/test/test_capture.c",
    "native/test/test_change_log.c",
    "native/test/test_change_map.c",
    "native/test/test_changes.c",
    "native/test/test_cursor.c",
    "native/test/test_damage.c",
    "native/test/test_encode.c",
    "native/test/test_frame.c",
    "native/test/test_frames.c",
    "native/test/test_frames_capture.c",
    "native/test/test_frames_source.c",
    "native/test/test_interplay.c",
    "native/test/test_lease.c",
    "native/test/test_opening.c",
    "native/test/test_overlay.c",
    "native/test/test_screenshot.c",
    "native/test/test_screenshot_pictures.c",
    "native/test/test_scroll.c",
    "native/test/test_session.c",
    "native/test/test_source.c",
    "native/test/test_stripe_model.c",
    "native/test/test_tap.c",
    "native/test/test_tiles.c",
    "native/test/test_wire_header.c",
};

/// Beside the core itself.
const fuzz_sources = [_][]const u8{
    "native/fuzz/fuzz.c",
    "native/fuzz/fuzz_damage.c",
    "native/fuzz/fuzz_name.c",
    "native/fuzz/fuzz_settings.c",
    "native/fuzz/fuzz_settings_seeds.c",
    "native/fuzz/fuzz_watermark.c",
};

const painter_sources = [_][]const u8{
    "native/test/painter.c",
    "native/test/painter_code.c",
    "native/test/painter_cursor.c",
    "native/test/painter_pattern.c",
    "native/test/painter_rect.c",
    "native/test/painter_screen.c",
    "native/test/painter_workload.c",
};

const painter_libraries = [_][]const u8{
    "xcb", "xcb-randr", "xcb-render", "xcb-xfixes", "xcb-xtest", "m",
};

/// Beside the core itself.
const codec_bench_sources = [_][]const u8{
    "native/bench/codec_bench.c",
    "native/bench/frames.c",
    "native/bench/schedule.c",
    "native/bench/stripes.c",
    "native/bench/team.c",
    "native/test/painter_pattern.c",
};

/// Beside the core itself.
const instructions_sources = [_][]const u8{
    "native/bench/instructions.c",
    "native/bench/scenes.c",
    "native/test/painter_pattern.c",
};

const flags = [_][]const u8{
    "-std=c11",             "-D_GNU_SOURCE", "-fvisibility=hidden", "-Wall",
    "-Wextra",              "-Wshadow",      "-Wconversion",        "-Wno-sign-conversion",
    "-Wmissing-prototypes", "-Wvla",         "-Wno-pragma-pack",    "-Werror",
};

/// The package's version; package.json says the same.
const version: []const u8 = @import("build.zig.zon").version;

/// How the core is built.
const Core = struct {
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.Optimize,
    x264: bool,
    /// A folder with include/ and lib/, whose static archives are linked in; null:
    /// the system's shared libraries.
    archives: ?[]const u8,
    build_id: ?std.zig.BuildId,

    fn isX86(core: Core) bool {
        return core.target.result.cpu.arch == .x86_64;
    }
};

pub fn build(b: *std.Build) void {
    // The baseline CPU: what is built here runs on every machine of the
    // architecture, and vector code is chosen at run time.
    const target = b.standardTargetOptions(.{ .default_target = .{ .cpu_model = .baseline } });
    const optimize = b.standardOptimizeOption(.{});
    const sanitizer = b.option(Sanitizer, "sanitize", "Run the tests under a sanitizer") orelse .none;
    const core: Core = .{
        .target = target,
        .optimize = optimize,
        .x264 = b.option(bool, "x264", "H.264, and with it x264 and its licence (default: true)") orelse true,
        .archives = b.option([]const u8, "archives", "Link the static archives of this folder; for scripts/prebuild"),
        .build_id = b.option(std.zig.BuildId, "build-id", "The library's build id, as in 0x0123"),
    };

    const install_library = b.addInstallArtifact(addLibrary(b, core), .{});
    b.step("library", "Build the library alone").dependOn(&install_library.step);
    b.getInstallStep().dependOn(&install_library.step);

    const painter_module = cModule(b, target, optimize);
    painter_module.addCSourceFiles(.{ .files = &painter_sources, .flags = &flags });
    link(painter_module, &painter_libraries);
    b.installArtifact(b.addExecutable(.{ .name = "pf-painter", .root_module = painter_module }));

    const bench_module = coreModule(b, core);
    bench_module.addCSourceFiles(.{ .files = &codec_bench_sources, .flags = &flags });
    link(bench_module, &.{"m"});
    b.installArtifact(b.addExecutable(.{ .name = "pf-codec-bench", .root_module = bench_module }));

    const instructions_module = coreModule(b, core);
    instructions_module.addCSourceFiles(.{ .files = &instructions_sources, .flags = &flags });
    link(instructions_module, &.{"m"});
    const instructions = b.addExecutable(.{ .name = "pf-instructions", .root_module = instructions_module });
    const instructions_step = b.step("instructions", "Build the program that scripts/instructions counts");
    instructions_step.dependOn(&b.addInstallArtifact(instructions, .{}).step);

    const fuzz_step = b.step("fuzz", "Build the program that scripts/fuzz runs");
    const fuzzer = sanitizedProgram(b, "pf-fuzz", &.{"-fsanitize=fuzzer,address,undefined"}, &fuzz_sources, core);
    fuzz_step.dependOn(&b.addInstallBinFile(fuzzer, "pf-fuzz").step);

    const test_step = b.step("test", "Run the native unit tests");
    const run = if (sanitizer == .none)
        plainTests(b, core)
    else
        sanitizedTests(b, sanitizer, core);
    run.has_side_effects = true;
    test_step.dependOn(&run.step);
}

fn cModule(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.Optimize,
) *std.Build.Module {
    const module = b.createModule(.{
        .target = target,
        .optimize = optimize,
        .link_libc = true,
        .sanitize_c = if (optimize == .debug) .trap else .off,
    });
    module.addIncludePath(b.path("native/include"));
    module.addIncludePath(b.path("native/src"));
    return module;
}

fn link(module: *std.Build.Module, libraries: []const []const u8) void {
    for (libraries) |name| module.linkSystemLibrary(name, .{ .use_pkg_config = .no });
}

fn addLibrary(b: *std.Build, core: Core) *std.Build.Step.Compile {
    const library = b.addLibrary(.{
        .linkage = .dynamic,
        .name = "pixelflux",
        .root_module = coreModule(b, core),
    });
    library.link_z_defs = true;
    library.link_gc_sections = true;
    library.build_id = core.build_id;
    library.setVersionScript(b.path("native/pixelflux.map"));
    return library;
}

fn coreModule(b: *std.Build, core: Core) *std.Build.Module {
    const module = cModule(b, core.target, core.optimize);
    module.addCMacro("PF_VERSION", "\"" ++ version ++ "\"");
    module.addCMacro("PF_WITH_X264", if (core.x264) "1" else "0");
    module.addCSourceFiles(.{ .files = &core_sources, .flags = &flags });
    if (core.x264) module.addCSourceFiles(.{ .files = &.{x264_source}, .flags = &flags });
    if (core.isX86()) module.addObject(avx2Object(b, core));
    if (core.archives) |folder| {
        linkArchives(b, module, core, folder);
    } else {
        link(module, &core_libraries);
        if (core.x264) link(module, &.{"x264"});
    }
    link(module, &.{"pthread"});
    return module;
}

fn linkArchives(b: *std.Build, module: *std.Build.Module, core: Core, folder: []const u8) void {
    module.addSystemIncludePath(.{ .cwd_relative = b.fmt("{s}/include", .{folder}) });
    for (core_libraries ++ archive_libraries) |name| {
        module.addObjectFile(.{ .cwd_relative = b.fmt("{s}/lib/lib{s}.a", .{ folder, name }) });
    }
    module.addCSourceFiles(.{ .files = &.{archive_source}, .flags = &flags });
    if (core.x264) x264.add(b, module, .{ .cwd_relative = b.fmt("{s}/x264", .{folder}) }, core.isX86());
    link(module, &.{"m"});
}

/// An object of its own: the target's baseline CPU would overrule -mavx2.
fn avx2Object(b: *std.Build, core: Core) *std.Build.Step.Compile {
    var query = core.target.query;
    query.cpu_features_add.addFeatureSet(std.Target.x86.featureSet(&.{.avx2}));
    const module = cModule(b, b.resolveTargetQuery(query), core.optimize);
    if (core.archives) |folder| {
        module.addSystemIncludePath(.{ .cwd_relative = b.fmt("{s}/include", .{folder}) });
    } else {
        // Needs none, but where there is no C compiler to ask, Zig looks into the system's folder of
        // headers only for what links one of its libraries. The core links this one anyway.
        link(module, core_libraries[0..1]);
    }
    module.addCSourceFiles(.{ .files = &.{avx2_source}, .flags = &flags });
    return b.addObject(.{ .name = "hash_avx2", .root_module = module });
}

fn plainTests(b: *std.Build, core: Core) *std.Build.Step.Run {
    const module = coreModule(b, core);
    module.addCMacro("PF_FAULT_INJECTION", "1");
    module.addCSourceFiles(.{ .files = &test_sources, .flags = &flags });
    return b.addRunArtifact(b.addExecutable(.{ .name = "pf-test", .root_module = module }));
}

fn sanitizedTests(b: *std.Build, sanitizer: Sanitizer, core: Core) *std.Build.Step.Run {
    const binary = sanitizedProgram(b, "pf-test", switch (sanitizer) {
        .thread => &.{"-fsanitize=thread"},
        else => &.{"-fsanitize=address,undefined"},
    }, &test_sources, core);
    const run = b.addRunFile(binary);
    run.setEnvironmentVariable("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1");
    run.setEnvironmentVariable("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1");
    return run;
}

/// The core and these sources. Zig ships no ASan run time, so what is sanitized is
/// built by the system's clang, whose run times match it.
fn sanitizedProgram(
    b: *std.Build,
    name: []const u8,
    sanitizers: []const []const u8,
    sources: []const []const u8,
    core: Core,
) std.Build.LazyPath {
    const objects = b.addSystemCommand(&.{ "clang", "-O1", "-g", "-fno-omit-frame-pointer" });
    objects.addArgs(sanitizers);
    objects.addArg("-fno-sanitize-recover=undefined");
    objects.addArgs(&flags);
    objects.addArgs(&.{ "-DPF_FAULT_INJECTION=1", "-DPF_VERSION=\"" ++ version ++ "\"", "-DPF_WITH_X264=1" });
    objects.addPrefixedDirectoryArg("-I", b.path("native/include"));
    objects.addPrefixedDirectoryArg("-I", b.path("native/src"));
    for (core_sources ++ .{x264_source}) |source| objects.addFileArg(b.path(source));
    for (sources) |source| objects.addFileArg(b.path(source));
    if (core.isX86()) objects.addFileArg(sanitizedAvx2Object(b));
    for (core_libraries ++ .{ "x264", "z", "pthread" }) |library| objects.addArg(b.fmt("-l{s}", .{library}));
    objects.addArg("-o");
    const binary = objects.addOutputFileArg(name);
    // Headers are inputs too, and the compiler does not name them here.
    objects.has_side_effects = true;
    return binary;
}

fn sanitizedAvx2Object(b: *std.Build) std.Build.LazyPath {
    const compile = b.addSystemCommand(&.{ "clang", "-c", "-O1", "-g", "-mavx2" });
    compile.addArgs(&flags);
    compile.addPrefixedDirectoryArg("-I", b.path("native/src"));
    compile.addFileArg(b.path(avx2_source));
    compile.addArg("-o");
    return compile.addOutputFileArg("hash_avx2.o");
}
