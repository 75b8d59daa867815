// SPDX-License-Identifier: MPL-2.0
/** Comments that speak for several members, as that of a width does for the height on the line below. */
import { readFileSync } from "node:fs";
import {
  Comment,
  type DeclarationReflection,
  type ProjectReflection,
  ReflectionKind,
} from "typedoc";

/**
 * Gives properties that have no comment of their own that of the one above them,
 * of the same type, unless an empty line or another comment lies between. A property of one literal
 * value, by which a type is told from others, needs none.
 */
export function shareComments(project: ProjectReflection): void {
  for (const reflection of Object.values(project.reflections)) {
    if (!reflection.isDeclaration()) continue;
    const members = reflection.children?.filter(({ kind }) => kind === ReflectionKind.Property);
    if (members !== undefined) shareAmong(project, members);
  }
}

function shareAmong(project: ProjectReflection, members: DeclarationReflection[]): void {
  let above: DeclarationReflection | undefined;
  for (const member of members) {
    if (member.comment !== undefined) {
      above = member;
      continue;
    }
    const comment =
      above !== undefined && isBelow(project, above, member) ? above.comment : undefined;
    if (comment !== undefined) member.comment = comment.clone();
    else above = undefined;
    if (member.type?.type === "literal") member.comment ??= discriminant();
  }
}

function discriminant(): Comment {
  return new Comment([{ kind: "text", text: "Tells this type from others." }]);
}

/** Whether nothing but members lies between the two, of one type. */
function isBelow(
  project: ProjectReflection,
  above: DeclarationReflection,
  member: DeclarationReflection,
): boolean {
  const from = project.getSymbolIdFromReflection(above);
  const to = project.getSymbolIdFromReflection(member);
  if (from?.fileName === undefined || from.fileName !== to?.fileName) return false;
  const between = readFileSync(from.fileName, "utf8").slice(from.pos, to.pos);
  if (String(above.type) !== String(member.type)) return false;
  return from.pos < to.pos && !/\n\s*\n|\/\*/.test(between);
}
