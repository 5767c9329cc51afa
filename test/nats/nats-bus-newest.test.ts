import { describeNatsBus } from "./describe-nats-bus.ts";

await describeNatsBus("newest");
