/** The templates for the Crystal code that setup writes: azu's own, or those of the user. */
import contextTemplate from "../../templates/context.cr.eta" with { type: "text" };
import cookieTemplate from "../../templates/cookie.cr.eta" with { type: "text" };
import handlerTemplate from "../../templates/handler.cr.eta" with { type: "text" };
import migrationTemplate from "../../templates/migration.cr.eta" with { type: "text" };
import migrationColumnTemplate from "../../templates/migration_column.cr.eta" with { type: "text" };
import sealedTemplate from "../../templates/sealed.cr.eta" with { type: "text" };
import sessionTemplate from "../../templates/session.cr.eta" with { type: "text" };
import storeClusterTemplate from "../../templates/store_cluster.cr.eta" with { type: "text" };
import storeDatabaseTemplate from "../../templates/store_database.cr.eta" with { type: "text" };
import storeMemoryTemplate from "../../templates/store_memory.cr.eta" with { type: "text" };
import storeMigratingTemplate from "../../templates/store_migrating.cr.eta" with { type: "text" };
import storeRedisTemplate from "../../templates/store_redis.cr.eta" with { type: "text" };
import { messageOf, UsageError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { readAppFile } from "./app.ts";

/** azu's templates by file name. */
export const ownTemplates = {
  "session.cr.eta": sessionTemplate,
  "sealed.cr.eta": sealedTemplate,
  "store_memory.cr.eta": storeMemoryTemplate,
  "store_migrating.cr.eta": storeMigratingTemplate,
  "store_redis.cr.eta": storeRedisTemplate,
  "store_cluster.cr.eta": storeClusterTemplate,
  "store_database.cr.eta": storeDatabaseTemplate,
  "cookie.cr.eta": cookieTemplate,
  "handler.cr.eta": handlerTemplate,
  "context.cr.eta": contextTemplate,
  "migration.cr.eta": migrationTemplate,
  "migration_column.cr.eta": migrationColumnTemplate,
} as const satisfies Record<string, string>;

export type TemplateName = keyof typeof ownTemplates;

export const templateNames = Object.keys(ownTemplates).filter((name) => isTemplateName(name));

function isTemplateName(name: string): name is TemplateName {
  return Object.hasOwn(ownTemplates, name);
}

/** The text of each template, by file name. */
export type Templates = Readonly<Record<TemplateName, string>>;

/**
 * The templates of a folder; azu's own for those that are missing there.
 * @throws {UsageError} if the folder does not exist.
 */
export async function templatesIn(folder: string): Promise<Templates> {
  const found = await Deno.stat(folder).catch((error: unknown) => {
    throw new UsageError(`templates: cannot read ${folder}: ${messageOf(error)}`, {
      hint: "Create it with azu session:setup --eject, or remove `templates` from the config",
      cause: error,
    });
  });
  if (!found.isDirectory) throw new UsageError(`templates: ${folder} is not a folder`);
  await checkNames(folder);
  const texts: Record<TemplateName, string> = { ...ownTemplates };
  for (const name of templateNames) texts[name] = await readAppFile(folder, name) ?? texts[name];
  return texts;
}

/** A template of another version would not be used, and the others may not fit together. */
async function checkNames(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".eta") || isTemplateName(name)) continue;
    throw new UsageError(
      `templates: ${folder} contains ${printable(name)}, which azu does not use`,
      {
        hint:
          "If an earlier version of azu wrote the folder: move it away, run azu session:setup " +
          "--eject, and make your changes again",
      },
    );
  }
}
