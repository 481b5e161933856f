/** Files that `init` writes unchanged. */
import configTemplate from "../../azu.config.ts" with { type: "text" };
import typesTemplate from "../../templates/azu.d.ts" with { type: "text" };

export { configTemplate, typesTemplate };
