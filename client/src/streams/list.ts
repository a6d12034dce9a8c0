/** The directory's list: its query, its pages, and what changed. No DOM. */
import type { Api } from '../api/http.ts';
import type { Stream, StreamState } from '../api/types.ts';
import { createPoller, type Poller, type Surroundings } from './poller.ts';

export interface StreamList {
  live: Stream[];
  offline: Stream[];
  hasMore: boolean;
}

export interface ListQuery {
  q: string;
  state: StreamState | undefined;
}

export interface StreamListController extends Poller<StreamList> {
  setQuery: (query: ListQuery) => void;
  showMore: () => void;
}

const PAGE = 60;
const INTERVAL_MS = 4_000;

export function createStreamList(
  api: Pick<Api, 'streams'>,
  surroundings: Surroundings,
  initial: ListQuery,
): StreamListController {
  let query = initial;
  let pages = 1;

  // What is shown is asked for anew as a whole: the order changes whenever a stream starts or ends.
  async function load(signal: AbortSignal): Promise<StreamList> {
    const found = new Map<string, Stream>();
    let cursor: string | undefined;
    for (let page = 0; page < pages; page += 1) {
      const answer = await api.streams(
        {
          limit: PAGE,
          q: query.q,
          ...(query.state && { state: query.state }),
          ...(cursor !== undefined && { cursor }),
        },
        signal,
      );
      // A stream that moved between two pages came twice: the later answer is the truer one.
      for (const stream of answer.items) found.set(idOf(stream), stream);
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    return arrange([...found.values()], cursor !== undefined);
  }

  const poller = createPoller({ load, interval: INTERVAL_MS, surroundings });
  return {
    ...poller,
    setQuery(next) {
      if (next.q === query.q && next.state === query.state) return;
      query = next;
      pages = 1;
      poller.refresh();
    },
    showMore() {
      pages += 1;
      poller.refresh();
    },
  };
}

export function idOf(stream: Pick<Stream, 'namespace' | 'name'>): string {
  return `${stream.namespace}/${stream.name}`;
}

/** Live ones with most viewers first; offline ones stay in the server's order. */
export function arrange(streams: Stream[], hasMore: boolean): StreamList {
  const live = streams.filter((stream) => stream.state === 'LIVE');
  live.sort((a, b) => (b.viewers ?? 0) - (a.viewers ?? 0) || idOf(a).localeCompare(idOf(b)));
  return { live, offline: streams.filter((stream) => stream.state === 'OFFLINE'), hasMore };
}

export interface Change {
  kind: 'wentLive' | 'ended';
  title: string;
}

/** What is worth telling somebody who does not see the page: a stream that both lists know has started or ended. */
export function changesBetween(before: StreamList, after: StreamList): Change[] {
  const was = new Map([...before.live, ...before.offline].map((stream) => [idOf(stream), stream.state]));
  return [...after.live, ...after.offline].flatMap((stream): Change[] => {
    const state = was.get(idOf(stream));
    if (state === undefined || state === stream.state) return [];
    return [{ kind: stream.state === 'LIVE' ? 'wentLive' : 'ended', title: stream.title }];
  });
}
