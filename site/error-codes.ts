// SPDX-License-Identifier: MPL-2.0
/** Whether the error codes that comments name are there. */
import type { Comment, ProjectReflection, Reflection } from "typedoc";

/** What error codes look like, ours and the wire format's. */
const CODE = /\bERR_[A-Z0-9_]+/g;

/** @returns in words, the codes of comments that no type of codes has, and tags that say nothing of what is thrown. */
export function wrongErrorCodes(project: ProjectReflection): readonly string[] {
  const comments = Object.values(project.reflections).flatMap((reflection) =>
    reflection.comment === undefined ? [] : [{ reflection, comment: reflection.comment }],
  );
  const known = new Set(Object.values(project.reflections).flatMap(codesOf));
  return comments.flatMap(({ reflection, comment }) => {
    const name = reflection.getFriendlyFullName();
    const unknown =
      textOf(comment)
        .match(CODE)
        ?.filter((code) => !known.has(code)) ?? [];
    const empty = throwsOf(comment).filter((text) => !/ERR_|Error/.test(text));
    return [
      ...unknown.map((code) => `${name}: there is no error code ${code}`),
      ...empty.map((text) => `${name}: @throws names neither an error nor a code: ${text}`),
    ];
  });
}

/** The members of a union of codes. */
function codesOf(reflection: Reflection): readonly string[] {
  if (!reflection.isDeclaration() || !reflection.name.endsWith("ErrorCode")) return [];
  return reflection.type?.toString().match(CODE) ?? [];
}

function textOf(comment: Comment): string {
  const parts = [...comment.summary, ...comment.blockTags.flatMap(({ content }) => content)];
  return parts.map(({ text }) => text).join("");
}

function throwsOf(comment: Comment): readonly string[] {
  const tags = comment.blockTags.filter(({ tag }) => tag === "@throws");
  return tags.map(
    ({ content, typeAnnotation = "" }) => typeAnnotation + content.map(({ text }) => text).join(""),
  );
}
