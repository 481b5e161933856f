/** What `azu help` explains besides commands. */
export const topicNames = ["environment", "exit-codes", "config"] as const;

export type TopicName = typeof topicNames[number];
