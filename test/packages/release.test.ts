// SPDX-License-Identifier: MPL-2.0
// `bun run release`, in a copy of the repository whose libraries are built in no time, being empty.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { type ChildResult, rootPath, runCommand, waitFor } from "../support/process.ts";

const PRESENT = manifest.version;
const NEXT = "90.1.0-rc.1";
const CARRIERS = [
  "package.json",
  "packages/linux-x64-gnu/package.json",
  "packages/linux-arm64-gnu/package.json",
  "build.zig.zon",
];
const CHANGED = [...CARRIERS, "CHANGELOG.md"].sort();

/** In place of scripts/prebuild: what it leaves behind, without what takes minutes. */
const PREBUILD = `#!/bin/sh
for target in x64 arm64; do
  for file in libpixelflux.so LICENSE COPYING NOTICE; do : >packages/linux-$target-gnu/$file; done
done
`;

let root = "";
const path = (name: string) => join(root, name);
const git = async (...args: string[]) => (await run(["git", ...args])).stdout.trim();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "pixelflux-release-"));
  const { stdout } = await runCommand([
    "git",
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
  ]);
  // What is about to be removed is still listed.
  const files = stdout
    .trim()
    .split("\n")
    .filter((name) => existsSync(join(rootPath, name)));
  for (const name of files) {
    cpSync(join(rootPath, name), path(name));
  }
  symlinkSync(join(rootPath, "node_modules"), path("node_modules"));
  writeFileSync(path("scripts/prebuild"), PREBUILD, { mode: 0o755 });
  const changelog = await Bun.file(path("CHANGELOG.md")).text();
  const heading = "## [Unreleased]\n";
  writeFileSync(path("CHANGELOG.md"), changelog.replace(heading, `${heading}\n- A line.\n`));
  await git("init", "--quiet");
  writeFileSync(path(".git/info/exclude"), "/node_modules\n");
  await git("add", "--all");
  expect(await run(["git", "commit", "--quiet", "--message", "first"])).toMatchObject({
    exitCode: 0,
  });
  await git("tag", "first");
}, 60_000);

afterAll(() => rmSync(root, { recursive: true }));

beforeEach(async () => {
  await git("reset", "--quiet", "--hard", "first");
  await git("clean", "--quiet", "-d", "--force");
  for (const tag of (await git("tag", "--list", "v*")).split("\n").filter(Boolean)) {
    await git("tag", "--delete", tag);
  }
});

function run(command: string[], env: Record<string, string> = {}): Promise<ChildResult> {
  const author = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.org" };
  const committer = { GIT_COMMITTER_NAME: "c", GIT_COMMITTER_EMAIL: "c@example.org" };
  const own = { GIT_CONFIG_GLOBAL: "/dev/null", ...author, ...committer, ...env };
  return runCommand(command, { cwd: root, env: own, timeoutMs: 100_000 });
}

function release(...args: string[]): Promise<ChildResult> {
  return run([process.execPath, "pack/release.ts", ...args]);
}

/** Nothing was committed, tagged or changed. */
async function expectUntouched(): Promise<void> {
  expect(await git("status", "--porcelain")).toBe("");
  expect(await git("rev-parse", "HEAD")).toBe(await git("rev-parse", "first"));
  expect(await git("tag", "--list", "v*")).toBe("");
}

async function versions(): Promise<(string | undefined)[]> {
  const texts = await Promise.all(CARRIERS.map((name) => Bun.file(path(name)).text()));
  return texts.map((text) => /version"? ?[:=] "([^"]+)"/.exec(text)?.[1]);
}

test("the files of this checkout carry one version", async () => {
  expect(new Set(await versions())).toEqual(new Set([PRESENT]));
});

describe("bun run release", () => {
  test("writes the version everywhere, makes checked tarballs, and says what is left", async () => {
    const made = await release(NEXT);
    expect(made).toMatchObject({ exitCode: 0 });
    expect(new Set(await versions())).toEqual(new Set([NEXT]));
    expect((await git("diff", "--name-only")).split("\n").sort()).toEqual(CHANGED);
    const packed = ["", "-linux-arm64-gnu", "-linux-x64-gnu"];
    expect(readdirSync(path("tarballs")).sort()).toEqual(
      packed.map((name) => `pixelflux-ffi${name}-${NEXT}.tgz`).sort(),
    );
    const tarball = path(`tarballs/pixelflux-ffi-${NEXT}.tgz`);
    const published = await Bun.$`tar -xzOf ${tarball} package/package.json`.json();
    expect(published).toMatchObject({
      version: NEXT,
      optionalDependencies: {
        "@pixelflux-ffi/linux-x64-gnu": NEXT,
        "@pixelflux-ffi/linux-arm64-gnu": NEXT,
      },
    });
    expect(await Bun.$`tar -xzOf ${tarball} package/CHANGELOG.md`.text()).toContain(
      `## [${NEXT}] - 2`,
    );
    // What it says is left to do can be done as it stands there.
    expect(await run(["sh", "-ec", made.stdout])).toMatchObject({ exitCode: 0 });
    expect(await git("status", "--porcelain")).toBe("");
    expect(await git("cat-file", "-t", `v${NEXT}`)).toBe("tag");
  }, 100_000);

  test("--commit leaves a commit of these files alone, and its tag; --tag takes them", async () => {
    expect(await release(NEXT, "--no-pack", "--commit")).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await git("status", "--porcelain")).toBe("");
    expect(await git("rev-parse", `v${NEXT}^{commit}`)).toBe(await git("rev-parse", "HEAD"));
    expect((await git("diff", "--name-only", "first")).split("\n").sort()).toEqual(CHANGED);

    const tagged = ["--tag", `v${NEXT}`, "--notes", path("tarballs/notes.md"), "--no-pack"];
    expect(await release(...tagged)).toMatchObject({ exitCode: 0 });
    expect(await Bun.file(path("tarballs/notes.md")).text()).toStartWith("- A line.\n");
    const other = await release("--tag", "v90.1.0", "--no-pack");
    expect(other.stderr).toContain(`the tag is v90.1.0, and the files carry ${NEXT}`);
    expect(other.exitCode).toBe(1);
  });

  test("the present version, as long as it has not been released", async () => {
    expect(await release(PRESENT, "--no-pack", "--commit")).toMatchObject({ exitCode: 0 });
    const again = await release(PRESENT, "--no-pack");
    expect(again.stderr).toContain(`${PRESENT} has been released already: name a higher one`);
  });

  test("--dry-run tells what would be new, and writes nothing", async () => {
    const told = await release(NEXT, "--dry-run");
    expect(told).toMatchObject({ exitCode: 0 });
    expect(told.stdout).toStartWith("- A line.\n");
    for (const name of CHANGED) expect(told.stderr).toContain(`  ${name}\n`);
    await expectUntouched();
  });

  test("--repository names it in every package, for npm's statement of provenance", async () => {
    await release(NEXT, "--no-pack", "--commit");
    const out = path("tarballs/tagged");
    const tagged = ["--tag", `v${NEXT}`, "--out", out, "--repository", "https://example.org/a/b"];
    expect(await release(...tagged)).toMatchObject({ exitCode: 0 });
    for (const name of readdirSync(out)) {
      const { repository } = await Bun.$`tar -xzOf ${join(out, name)} package/package.json`.json();
      expect(repository.url).toBe("git+https://example.org/a/b.git");
    }
    expect(readdirSync(out)).toHaveLength(3);
  }, 100_000);
});

describe("nothing is changed where", () => {
  test.each(["1.2", "v90.0.0", "90.0.0+1", "01.2.3", "latest", "90.0.0 ", "90.0.0-01"])(
    "the version is %j",
    async (version) => {
      const { exitCode, stderr } = await release(version);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: `release: "${version}" is no version such as 1.2.3 or 1.2.3-rc.1\n`,
      });
      await expectUntouched();
    },
  );

  test("it is lower, or there are two, or none, or an option that is not known", async () => {
    expect((await release("0.0.1")).stderr).toContain(`0.0.1 is lower than ${PRESENT}`);
    expect((await release(`${PRESENT}-rc.1`)).stderr).toContain("is lower than");
    expect((await release("91.0.0", "92.0.0")).stderr).toContain("name one version");
    expect((await release()).stderr).toContain("name one version");
    expect(await release(NEXT, "--force")).toMatchObject({ exitCode: 2 });
    await expectUntouched();
  });

  test("something is not committed", async () => {
    writeFileSync(path("src/stray.ts"), "");
    expect((await release(NEXT)).stderr).toContain("?? src/stray.ts");
    expect(new Set(await versions())).toEqual(new Set([PRESENT]));
  });

  test("the tag is there already", async () => {
    await git("tag", `v${NEXT}`);
    expect((await release(NEXT, "--no-pack")).stderr).toContain(`git tag -d v${NEXT}`);
    expect(await git("status", "--porcelain")).toBe("");
  });

  test("a file carries another version", async () => {
    const text = await Bun.file(path("build.zig.zon")).text();
    writeFileSync(path("build.zig.zon"), text.replace(`"${PRESENT}"`, '"0.0.9"'));
    const { stderr } = await release(NEXT);
    expect(stderr).toContain(`package.json has ${PRESENT}`);
    expect(stderr).toContain("build.zig.zon has 0.0.9");
  });

  test("the libraries cannot be built", async () => {
    await commitWith("scripts/prebuild", "#!/bin/sh\necho no compiler >&2; exit 1\n");
    expect((await release(NEXT, "--commit")).stderr).toContain("no compiler");
    expect(await git("status", "--porcelain")).toBe("");
    expect(await git("tag", "--list", "v*")).toBe("");
  });

  test("a tarball does not pass; those of before stay", async () => {
    await commitWith("scripts/prebuild", PREBUILD.replaceAll("NOTICE", "NOTICE surplus"));
    await commitWith("src/index.d.ts", "export {};\n");
    await commitWith("packages/linux-x64-gnu/package.json", (text) =>
      text.replace('"NOTICE"', '"NOTICE",\n    "surplus"'),
    );
    await Bun.write(path("tarballs/pixelflux-ffi-0.0.1.tgz"), "before");
    const { exitCode, stderr } = await release(NEXT);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`linux-x64-gnu-${NEXT}.tgz does not pass`);
    expect(stderr).toContain("it has surplus, which does not belong there");
    expect(await git("status", "--porcelain")).toBe("");
    expect(readdirSync(path("tarballs"))).toContain("pixelflux-ffi-0.0.1.tgz");
    expect(readdirSync(path(".tools"))).toEqual([]);
  }, 100_000);

  test("git refuses the commit, or its tag", async () => {
    for (const hook of ["pre-commit", "reference-transaction"]) {
      const script = `#!/bin/sh\nif [ "$1" = prepared ] || [ -z "$1" ]; then ! grep -q refs/tags; fi`;
      const refusal = hook === "pre-commit" ? "#!/bin/sh\nexit 1\n" : script;
      writeFileSync(path(`.git/hooks/${hook}`), refusal, { mode: 0o755 });
      try {
        expect(await release(NEXT, "--no-pack", "--commit")).toMatchObject({ exitCode: 1 });
      } finally {
        rmSync(path(`.git/hooks/${hook}`));
      }
      await expectUntouched();
    }
  });

  test("it is told to end meanwhile", async () => {
    await commitWith("scripts/prebuild", "#!/bin/sh\ntouch .tools/started; exec sleep 60\n");
    const started = path(".tools/started");
    await Bun.write(path(".tools/before"), "");
    const child = Bun.spawn([process.execPath, "pack/release.ts", NEXT], {
      ...{ cwd: root, stdout: "ignore", stderr: "ignore", detached: true },
    });
    await waitFor("the build to start", () => existsSync(started));
    expect(new Set(await versions())).toEqual(new Set([NEXT]));
    child.kill("SIGTERM");
    expect(await child.exited).toBe(128 + constants.signals.SIGTERM);
    process.kill(-child.pid, "SIGKILL"); // the build
    rmSync(path(".tools"), { recursive: true });
    expect(await git("status", "--porcelain")).toBe("");
  });
});

/** Commits another text of a file. */
async function commitWith(
  name: string,
  text: string | ((before: string) => string),
): Promise<void> {
  const file = Bun.file(path(name));
  await Bun.write(file, typeof text === "string" ? text : text(await file.text()));
  await git("add", "--all");
  await git("commit", "--quiet", "--message", name);
}
