/**
 * Prints lines at moments that nobody can foresee, each with the moment at which it is printed, on the clock that all
 * processes of a machine share.
 */
import { setTimeout as delay } from "node:timers/promises";

const [lines = 0, least = 0, most = 0] = process.argv.slice(2).map(Number);

for (let line = 0; line < lines; line++) {
  await delay(least + Math.random() * (most - least));
  process.stdout.write(`${process.hrtime.bigint()}\n`);
}
