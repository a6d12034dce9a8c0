/** Asks again and again, and says what it knows: the last answer, the trouble since, when the next try is. No DOM. */
import { type ApiError, asApiError, isPassing } from '../api/errors.ts';
import { createStore, type Readable } from '../store.ts';

export interface Poll<T> {
  /** The last answer. Kept while trouble is passing, dropped when the server says that it no longer holds. */
  data?: T;
  /** Browser's time of that answer. */
  answeredAt?: number;
  error?: ApiError;
  /** Browser's time of the next try after trouble. */
  retryAt?: number;
  busy: boolean;
}

/** When it is no use to ask, and when it is worth asking at once. */
export interface Surroundings {
  isHidden(): boolean;
  /** The page was shown again, or the network came back. */
  onReturn(listener: () => void): () => void;
}

export interface Poller<T> extends Readable<Poll<T>> {
  start: () => void;
  stop: () => void;
  /** Asks now; an answer that is still under way is ignored. */
  refresh: () => void;
}

export interface PollerOptions<T> {
  load: (signal: AbortSignal) => Promise<T>;
  /** Milliseconds between answers; none: one answer is enough. */
  interval: number | undefined;
  surroundings: Surroundings;
  random?: () => number;
}

const BACK_OFF = { first: 1_000, most: 30_000 };

/** Milliseconds until the next try, or none where only the user can change anything. */
export function nextDelay(
  error: ApiError,
  failures: number,
  random: () => number = Math.random,
): number | undefined {
  if (error.trouble === 'unauthenticated' || error.trouble === 'refused') return undefined;
  if (!isPassing(error.trouble)) return BACK_OFF.most;
  const step = Math.min(BACK_OFF.most, BACK_OFF.first * 2 ** (failures - 1));
  // Half of it at random: browsers that lost the server together must not come back together.
  const delay = step / 2 + (step / 2) * random();
  return Math.max(delay, (error.retryAfter ?? 0) * 1_000);
}

export function createPoller<T>(options: PollerOptions<T>): Poller<T> {
  const { load, interval, surroundings, random = Math.random } = options;
  const store = createStore<Poll<T>>({ busy: false });
  let running = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let request: AbortController | undefined;
  let forget: (() => void) | undefined;

  function schedule(delay: number | undefined): void {
    clearTimeout(timer);
    timer = delay === undefined ? undefined : setTimeout(tick, delay);
  }

  // A hidden page does not ask; `onReturn` asks as soon as it is shown.
  function tick(): void {
    if (!surroundings.isHidden()) void ask();
  }

  async function ask(): Promise<void> {
    clearTimeout(timer);
    request?.abort();
    const mine = new AbortController();
    request = mine;
    store.set({ ...store.getSnapshot(), busy: true });
    try {
      const data = await load(mine.signal);
      if (mine.signal.aborted) return;
      failures = 0;
      store.set({ data, answeredAt: Date.now(), busy: false });
      schedule(interval);
    } catch (cause) {
      if (mine.signal.aborted) return;
      const error = asApiError(cause);
      failures += 1;
      const delay = nextDelay(error, failures, random);
      const { data, answeredAt } = store.getSnapshot();
      store.set({
        busy: false,
        error,
        ...(isPassing(error.trouble) && data !== undefined && { data }),
        ...(answeredAt !== undefined && { answeredAt }),
        ...(delay !== undefined && { retryAt: Date.now() + delay }),
      });
      schedule(delay);
    }
  }

  function onReturn(): void {
    const { data, answeredAt = 0, busy } = store.getSnapshot();
    if (busy || surroundings.isHidden()) return;
    if (data !== undefined && interval === undefined) return;
    if (store.getSnapshot().error || Date.now() - answeredAt >= (interval ?? 0)) void ask();
  }

  return {
    getSnapshot: store.getSnapshot,
    subscribe: store.subscribe,
    start() {
      if (running) return;
      running = true;
      forget = surroundings.onReturn(onReturn);
      void ask();
    },
    stop() {
      running = false;
      forget?.();
      clearTimeout(timer);
      request?.abort();
      store.set({ ...store.getSnapshot(), busy: false });
    },
    refresh() {
      if (running) void ask();
    },
  };
}
