/** How many there are of something, as another program says. */
import * as v from "valibot";

export const Count = v.pipe(v.number(), v.safeInteger("must be a whole number"), v.minValue(0, "must be at least 0"));
