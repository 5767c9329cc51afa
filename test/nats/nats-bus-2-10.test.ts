import { describeNatsBus } from "./describe-nats-bus.ts";

await describeNatsBus("2.10");
