/** The initializer that setup writes: one source with the settings of every environment. */
import { INITIALIZER } from "../../app/app.ts";
import type { Templates } from "../../app/crystal_templates.ts";
import type { WantedFile } from "../../app/plan.ts";
import type { EnvironmentSettings, StoreSettings } from "../../app/render_templates.ts";
import type { SetupSpec } from "../../backends/contract.ts";
import {
  cookieSettings,
  recordOf,
  slidingOf,
  ttlOf,
  userTypeOf,
} from "../../config/session_defaults.ts";
import { listed, printable } from "../../core/text.ts";
import {
  isLocal,
  requiresOf,
  type SetupEnvironment,
  type SetupEnvironments,
} from "./environments.ts";

/**
 * @param app The app's name.
 * @param module The app's module.
 */
export async function initializerFile(
  app: string,
  module: string,
  environments: SetupEnvironments,
  templates: Templates,
): Promise<WantedFile> {
  const [base, ...named] = environments;
  const { renderInitializer } = await import("../../app/render_templates.ts");
  const content = renderInitializer({
    app,
    module,
    requires: requiresOf(environments),
    userType: userTypeOf(environments.map(({ config }) => config)),
    base: settingsOf(base, app),
    environments: new Map(named.map((each) => [each.name ?? "", settingsOf(each, app)])),
  }, templates);
  return { path: INITIALIZER, content };
}

function settingsOf(
  { config, choice, spec, second }: SetupEnvironment,
  app: string,
): EnvironmentSettings {
  return {
    ttl: ttlOf(config),
    sliding: slidingOf(config),
    cookie: cookieSettings(config, app),
    record: recordOf(config),
    store: storeOf(choice.backend.name, spec),
    ...(second === undefined ? {} : {
      second: { direction: second.direction, store: storeOf(second.backend.name, second.spec) },
    }),
  };
}

function storeOf(name: string, { template, values }: SetupSpec): StoreSettings {
  return { name, template, ...values };
}

/** Warns about cookies over plain HTTP, except on a developer's machine. */
export function insecureCookies(app: string, environments: SetupEnvironments): string[] {
  const isInsecure = ({ name, config }: SetupEnvironment) =>
    !cookieSettings(config, app).secure && !isLocal(name);
  const insecure = environments.filter(isInsecure).map(({ name }) =>
    name === undefined ? "by default" : `in ${printable(name)}`
  );
  if (insecure.length === 0) return [];
  return [
    `The config sets secure: false for the session cookie (${listed(insecure, "and")}): ` +
    "browsers send it over plain HTTP too",
  ];
}
