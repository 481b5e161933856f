/** Parameters of a database URL that concern only the app: those that crystal-db reads. */
export const APP_PARAMETERS: readonly string[] = [
  ...["initial_pool_size", "max_pool_size", "max_idle_pool_size", "checkout_timeout"],
  ...["retry_attempts", "retry_delay", "prepared_statements", "prepared_statements_cache"],
];
