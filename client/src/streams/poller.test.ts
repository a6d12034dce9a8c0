import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, type Trouble } from '../api/errors.ts';
import { fakeSurroundings } from '../testing/fixtures.ts';
import { createPoller, nextDelay } from './poller.ts';

const INTERVAL = 4_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function polling(interval: number | undefined = INTERVAL) {
  const surroundings = fakeSurroundings();
  const load = vi.fn<(signal: AbortSignal) => Promise<string>>(() => Promise.resolve('answer'));
  const poller = createPoller({ load, interval, surroundings, random: () => 1 });
  return { poller, load, surroundings, state: poller.getSnapshot };
}

function failing(trouble: Trouble, retryAfter?: number) {
  return () => Promise.reject(new ApiError(trouble, undefined, retryAfter));
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('delay after trouble', () => {
  it('doubles up to half a minute', () => {
    const delays = [1, 2, 3, 6, 50].map((failures) =>
      nextDelay(new ApiError('unreachable'), failures, () => 1),
    );
    expect(delays).toEqual([1_000, 2_000, 4_000, 30_000, 30_000]);
  });

  it('is spread at random', () => {
    expect(nextDelay(new ApiError('unreachable'), 3, () => 0)).toBe(2_000);
  });

  it('is never shorter than the server asks', () => {
    expect(nextDelay(new ApiError('tooMany', undefined, 20), 1)).toBe(20_000);
  });

  it('is long for what may appear, and none for what only the user can change', () => {
    expect(nextDelay(new ApiError('notFound'), 1)).toBe(30_000);
    expect(nextDelay(new ApiError('forbidden'), 1)).toBe(30_000);
    expect(nextDelay(new ApiError('unauthenticated'), 1)).toBeUndefined();
    expect(nextDelay(new ApiError('refused'), 1)).toBeUndefined();
  });
});

describe('poller', () => {
  it('asks at once, then at intervals, until it is stopped', async () => {
    const { poller, load, state } = polling();
    expect(load).not.toHaveBeenCalled();
    poller.start();
    expect(state()).toEqual({ busy: true });
    await settle();
    expect(state()).toMatchObject({ data: 'answer', busy: false });
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(load).toHaveBeenCalledTimes(2);
    poller.stop();
    await vi.advanceTimersByTimeAsync(INTERVAL * 5);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('asks once where one answer is enough', async () => {
    const { poller, load, surroundings } = polling(0);
    poller.stop();
    const single = createPoller({ load, interval: undefined, surroundings });
    single.start();
    await vi.advanceTimersByTimeAsync(100_000);
    surroundings.show();
    expect(load).toHaveBeenCalledOnce();
  });

  it('keeps the last answer through passing trouble and recovers by itself', async () => {
    const { poller, load, state } = polling();
    poller.start();
    await settle();
    load.mockImplementationOnce(failing('unavailable'));
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(state()).toMatchObject({
      data: 'answer',
      error: { trouble: 'unavailable' },
      retryAt: Date.now() + 1_000,
    });
    load.mockImplementationOnce(() => Promise.resolve('news'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state()).toMatchObject({ data: 'news', busy: false });
    expect(state().error).toBeUndefined();
  });

  it('drops the answer when the server says that it no longer holds', async () => {
    const { poller, load, state } = polling();
    poller.start();
    await settle();
    load.mockImplementationOnce(failing('notFound'));
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(state().data).toBeUndefined();
    expect(state().error?.trouble).toBe('notFound');
  });

  it('takes an unknown exception for a fault, not for an answer', async () => {
    const { poller, load, state } = polling();
    const bug = new Error('bug');
    const logged = vi.spyOn(console, 'error').mockReturnValue();
    load.mockImplementationOnce(() => Promise.reject(bug));
    poller.start();
    await settle();
    expect(state().error?.trouble).toBe('broken');
    // Not the server's words.
    expect(state().error?.detail).toBeUndefined();
    expect(logged).toHaveBeenCalledExactlyOnceWith(bug);
  });

  it('does not ask while nobody looks, and asks at once when somebody does', async () => {
    const { poller, load, surroundings } = polling();
    poller.start();
    await settle();
    surroundings.hide();
    await vi.advanceTimersByTimeAsync(INTERVAL * 10);
    expect(load).toHaveBeenCalledOnce();
    surroundings.show();
    await settle();
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('does not ask on return for what it has just heard', async () => {
    const { poller, load, surroundings } = polling();
    poller.start();
    await settle();
    surroundings.show();
    await settle();
    expect(load).toHaveBeenCalledOnce();
  });

  it('tries at once when the network is back', async () => {
    const { poller, load, surroundings, state } = polling();
    load.mockImplementationOnce(failing('unreachable'));
    poller.start();
    await settle();
    surroundings.show();
    await settle();
    expect(state()).toMatchObject({ data: 'answer' });
  });

  it('ignores an answer that came too late', async () => {
    const { poller, load, state } = polling();
    const resolvers: ((answer: string) => void)[] = [];
    load.mockImplementation(() => new Promise((resolve) => resolvers.push(resolve)));
    poller.start();
    poller.refresh();
    resolvers[1]?.('second');
    await settle();
    resolvers[0]?.('first');
    await settle();
    expect(state()).toMatchObject({ data: 'second' });
    expect(load.mock.calls[0]?.[0].aborted).toBe(true);
  });

  it('can be started again', async () => {
    const { poller, load, state } = polling();
    poller.start();
    poller.stop();
    poller.start();
    await settle();
    expect(load).toHaveBeenCalledTimes(2);
    expect(state()).toMatchObject({ data: 'answer', busy: false });
  });
});
