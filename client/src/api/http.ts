/** Every request to the API, and nothing else. */
import { ApiError, troubleOf } from './errors.ts';
import type { Config, Problem, Stream, StreamPage, StreamQuery } from './types.ts';

/** Whoever is signed in. The token is asked for at each request and kept nowhere else. */
export interface Credentials {
  accessToken(): string | undefined;
  /** The API refused this token. Resolves to another one, or to none when the session is over. */
  renew(refused: string): Promise<string | undefined>;
}

export interface Api {
  config(signal?: AbortSignal): Promise<Config>;
  streams(query: StreamQuery, signal?: AbortSignal): Promise<StreamPage>;
  stream(namespace: string, name: string, signal?: AbortSignal): Promise<Stream>;
  /** The server's clock: a browser's may be wrong by hours, and durations are counted from the server's times. */
  now: () => number;
}

const TIMEOUT_MS = 10_000;

export function createApi(credentials: Credentials, send: typeof fetch = (...a) => fetch(...a)): Api {
  let clockLead = 0;

  async function once(path: string, token: string | undefined, signal?: AbortSignal): Promise<Response> {
    const headers = new Headers({ accept: 'application/json' });
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await send(path, {
        headers,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError('unreachable');
    }
  }

  async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const token = credentials.accessToken();
    let response = await once(path, token, signal);
    if (response.status === 401 && token !== undefined) {
      const renewed = await credentials.renew(token);
      if (renewed !== undefined) response = await once(path, renewed, signal);
    }
    clockLead = leadOf(response.headers.get('date')) ?? clockLead;
    if (!response.ok) throw await refusal(response);
    try {
      return (await response.json()) as T;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError('broken');
    }
  }

  return {
    config: (signal) => get('/api/config', signal),
    async streams(query, signal) {
      const page = await get<StreamPage>(`/api/streams${search(query)}`, signal);
      return { ...page, items: page.items.map(withWords) };
    },
    async stream(namespace, name, signal) {
      const path = `/api/streams/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
      return withWords(await get<Stream>(path, signal));
    },
    now: () => Date.now() + clockLead,
  };
}

/** Kubernetes accepts a title of blanks, which would be a link without a name. */
function withWords({ description, ...stream }: Stream): Stream {
  return {
    ...stream,
    title: stream.title.trim() === '' ? stream.name : stream.title,
    ...(description !== undefined && description.trim() !== '' && { description }),
  };
}

function search(query: StreamQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

async function refusal(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(
    troubleOf(response.status),
    await detailOf(response),
    Number.isFinite(wait) && wait >= 0 ? wait : undefined,
  );
}

async function detailOf(response: Response): Promise<string | undefined> {
  if (!response.headers.get('content-type')?.includes('json')) return undefined;
  try {
    const problem = (await response.json()) as Problem | null;
    return problem?.detail ?? problem?.title;
  } catch {
    return undefined;
  }
}

/** How far the server's clock is ahead of ours. The header has whole seconds: less than that is no difference. */
function leadOf(date: string | null): number | undefined {
  const time = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(time)) return undefined;
  const lead = time - Date.now();
  return Math.abs(lead) < 2_000 ? 0 : lead;
}
