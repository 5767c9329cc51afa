/**
 * Stands between a program and its nats-server, sees each message go by, and can hold one, or lose it: so that a test
 * stops a program exactly between two of its steps, without the program knowing.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createFrameReader, type Frame, type NatsMessage } from "./nats-protocol.ts";

export interface NatsProxy {
  /** For `NATS_URL`. */
  readonly url: string;
  /**
   * Waits for a message. When it comes it is held, and with it all that comes behind it in that direction on its
   * connection, until it is let go; what is held when the program dies never arrives.
   */
  hold(what: Matcher): Trap;
  /** Tells of every message in a direction, before anything else is done with it. */
  watch(direction: Direction, listener: (message: NatsMessage) => void): void;
  /** Loses every message that matches, until the function that it returns is called. */
  lose(what: Matcher): () => void;
  /** Breaks all connections, as a network does. */
  cut(): void;
  close(): Promise<void>;
}

export type Direction = "to broker" | "from broker";

export interface Matcher {
  readonly direction: Direction;
  readonly matches: (message: NatsMessage) => boolean;
}

export interface Trap {
  /** The message, once it is held. */
  readonly caught: Promise<NatsMessage>;
  /** Lets it go on, and all that waits behind it; a trap that has caught nothing yet is taken away. */
  release(): void;
}

interface ArmedTrap extends Matcher {
  readonly catch: (message: NatsMessage) => void;
  /** Called when the trap is released. */
  onRelease: () => void;
}

/** Listens on a free port of loopback; connects each client to the broker at that port. */
export async function startNatsProxy(brokerPort: number): Promise<NatsProxy> {
  const traps = new Set<ArmedTrap>();
  const losses = new Set<Matcher>();
  const watchers = new Set<{ direction: Direction; listener: (message: NatsMessage) => void }>();
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const broker = connect(brokerPort, "127.0.0.1");
    const end = () => {
      for (const socket of [client, broker]) sockets.delete(socket.destroy());
    };
    for (const socket of [client, broker]) {
      sockets.add(socket.setNoDelay());
      // A killed program or broker: its end is what matters, and the other one must see it at once.
      socket.on("error", end).on("end", end).on("close", end);
    }
    pass(client, broker, "to broker");
    pass(broker, client, "from broker");
  });

  /** Reads on while something is held: otherwise it would not be seen that the sender has died. */
  function pass(from: Socket, to: Socket, direction: Direction): void {
    const read = createFrameReader();
    let waiting: Frame[] = [];
    let holding = false;

    function forward(): void {
      const passed: Buffer[] = [];
      while (!holding && waiting.length > 0) {
        const frame = waiting.shift();
        const trap = frame && findTrap(frame, direction);
        if (trap !== undefined) {
          holding = true;
          trap.onRelease = () => {
            holding = false;
            if (!to.destroyed) to.write(frame?.bytes ?? "");
            forward();
          };
        } else if (frame !== undefined && !isLost(frame, direction)) passed.push(frame.bytes);
      }
      if (passed.length > 0 && !to.destroyed) to.write(Buffer.concat(passed));
    }

    from.on("data", (chunk) => {
      waiting = [...waiting, ...read(chunk)];
      forward();
    });
  }

  /** A trap closes once. */
  function findTrap({ message }: Frame, direction: Direction): ArmedTrap | undefined {
    if (message === undefined) return undefined;
    for (const watcher of watchers) if (watcher.direction === direction) watcher.listener(message);
    const trap = [...traps].find((candidate) => candidate.direction === direction && candidate.matches(message));
    if (trap === undefined) return undefined;
    traps.delete(trap);
    trap.catch(message);
    return trap;
  }

  function isLost({ message }: Frame, direction: Direction): boolean {
    if (message === undefined) return false;
    return [...losses].some((loss) => loss.direction === direction && loss.matches(message));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    hold(what) {
      const caught = Promise.withResolvers<NatsMessage>();
      const trap: ArmedTrap = { ...what, catch: caught.resolve, onRelease: () => undefined };
      traps.add(trap);
      return {
        caught: caught.promise,
        release() {
          traps.delete(trap);
          trap.onRelease();
        },
      };
    },
    watch(direction, listener) {
      watchers.add({ direction, listener });
    },
    lose(what) {
      losses.add(what);
      return () => losses.delete(what);
    },
    cut,
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
