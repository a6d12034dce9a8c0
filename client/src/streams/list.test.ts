import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamPage, StreamQuery } from '../api/types.ts';
import { aLiveStream, aStream, fakeSurroundings } from '../testing/fixtures.ts';
import { arrange, changesBetween, createStreamList } from './list.ts';

describe('order', () => {
  it('puts live streams first, those with most viewers at the top', () => {
    const { live, offline } = arrange(
      [
        aStream({ name: 'z' }),
        aLiveStream({ name: 'few', viewers: 2 }),
        aStream({ name: 'a' }),
        aLiveStream({ name: 'many', viewers: 900 }),
        aLiveStream({ name: 'unknown' }),
      ].map((stream) => (stream.name === 'unknown' ? aStream({ name: 'unknown', state: 'LIVE' }) : stream)),
      false,
    );
    expect(live.map(({ name }) => name)).toEqual(['many', 'few', 'unknown']);
    expect(offline.map(({ name }) => name)).toEqual(['z', 'a']);
  });
});

describe('changes', () => {
  it('tells who started and who ended, not who came or left', () => {
    const before = arrange(
      [aStream({ name: 'a', title: 'A' }), aLiveStream({ name: 'b', title: 'B' }), aStream({ name: 'gone' })],
      false,
    );
    const after = arrange(
      [
        aLiveStream({ name: 'a', title: 'A' }),
        aStream({ name: 'b', title: 'B' }),
        aLiveStream({ name: 'new' }),
      ],
      false,
    );
    expect(changesBetween(before, after)).toEqual([
      { kind: 'wentLive', title: 'A' },
      { kind: 'ended', title: 'B' },
    ]);
    expect(changesBetween(after, after)).toEqual([]);
  });
});

describe('list', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const settle = () => vi.advanceTimersByTimeAsync(0);

  function listing(...pages: StreamPage[]) {
    const streams = vi.fn(({ cursor }: StreamQuery) =>
      Promise.resolve(pages[Number(cursor ?? 0)] ?? { items: [] }),
    );
    const list = createStreamList({ streams }, fakeSurroundings(), { q: '', state: undefined });
    return { list, streams };
  }

  it('asks for one page until more is wanted', async () => {
    const { list, streams } = listing(
      { items: [aLiveStream({ name: 'a' })], nextCursor: '1' },
      { items: [aStream({ name: 'b' })] },
    );
    list.start();
    await settle();
    expect(list.getSnapshot().data).toMatchObject({ hasMore: true, offline: [] });
    list.showMore();
    await settle();
    expect(list.getSnapshot().data).toMatchObject({ hasMore: false, offline: [{ name: 'b' }] });
    expect(streams.mock.calls.map(([{ cursor }]) => cursor)).toEqual([undefined, undefined, '1']);
    list.stop();
  });

  it('shows a stream that moved between two pages once, as it was last', async () => {
    const { list } = listing(
      { items: [aLiveStream({ name: 'a' })], nextCursor: '1' },
      { items: [aStream({ name: 'a' })] },
    );
    list.start();
    list.showMore();
    await settle();
    expect(list.getSnapshot().data).toMatchObject({ live: [], offline: [{ name: 'a' }] });
    list.stop();
  });

  it('asks anew for another query, and keeps what it shows meanwhile', async () => {
    const { list, streams } = listing({ items: [aLiveStream()] });
    list.start();
    await settle();
    list.setQuery({ q: 'key', state: 'LIVE' });
    expect(list.getSnapshot()).toMatchObject({ busy: true, data: { live: [{ name: 'keynote' }] } });
    list.setQuery({ q: 'key', state: 'LIVE' });
    await settle();
    expect(streams).toHaveBeenCalledTimes(2);
    expect(streams.mock.lastCall?.[0]).toEqual({ limit: 60, q: 'key', state: 'LIVE' });
    list.stop();
  });
});
