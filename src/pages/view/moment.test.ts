import { expect, test } from "vitest";
import { renderElement } from "../element.ts";
import { formatUtc, timeElement } from "./moment.ts";

const show = (iso: string) => renderElement(timeElement(iso, { now: 0, formatTime: formatUtc }));

test("a time is shown in UTC", () => {
  expect(show("2027-01-15T09:00:00+01:00")).toBe(
    '<time datetime="2027-01-15T08:00:00.000Z">2027-01-15 08:00:00 UTC</time>',
  );
});

test("what is no time is shown for what it is", () => {
  expect(show("x\u202e\n<b>")).toBe("<span>x&lt;U+202E&gt; &lt;b&gt;</span>");
});
