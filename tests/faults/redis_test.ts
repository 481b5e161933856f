/** Clears of Redis whose connection is cut, half-closed, garbled or delayed, at hundreds of places. */
import { needs } from "../support/env.ts";
import { redisSubject } from "./redis_subject.ts";
import { ENDLESS, OF_ONE_USER } from "./sweep.ts";
import { testMixedFaults, testSweeps } from "./sweeps.ts";

testSweeps("redis", needs("redis-server"), () => redisSubject(), [
  ["cut", 60],
  ["half-close", 40],
  ["garble", 60],
  ["delay", 20],
]);

testMixedFaults(
  "redis, sessions of one user",
  needs("redis-server"),
  () => redisSubject(undefined, OF_ONE_USER),
);

testMixedFaults(
  "redis, sessions without a TTL",
  needs("redis-server"),
  () => redisSubject(undefined, ENDLESS),
);
