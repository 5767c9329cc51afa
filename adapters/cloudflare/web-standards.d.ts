/** For the type check alone: the Web's `clearTimeout` takes an undefined, and so does that of Workers, whatever its types say. */
declare function clearTimeout(timer: number | undefined): void;
