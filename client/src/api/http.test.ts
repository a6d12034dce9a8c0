import { describe, expect, it, vi } from 'vitest';
import { ApiError, isPassing, type Trouble } from './errors.ts';
import { createApi, type Credentials } from './http.ts';
import { aStream } from '../testing/fixtures.ts';

const guest: Credentials = {
  accessToken: () => undefined,
  renew: () => Promise.reject(new Error('a guest has nothing to renew')),
};

function problem(status: number, headers: Record<string, string> = {}): Response {
  return Response.json(
    { type: '/problems/x', title: 'Title', status, detail: 'Detail' },
    { status, headers: { 'content-type': 'application/problem+json', ...headers } },
  );
}

function answering(...answers: Response[]) {
  return vi.fn<typeof fetch>(() => {
    const next = answers.shift();
    return next ? Promise.resolve(next) : Promise.reject(new TypeError('network'));
  });
}

function authorizations(send: ReturnType<typeof answering>): (string | null)[] {
  return send.mock.calls.map(([, init]) => new Headers(init?.headers).get('authorization'));
}

async function troubleOfAnswer(response: Response): Promise<ApiError> {
  return createApi(guest, answering(response))
    .config()
    .then(
      () => expect.unreachable(),
      (error: unknown) => error as ApiError,
    );
}

describe('addresses', () => {
  it('leaves out what is not asked for and escapes what is', async () => {
    const send = answering(
      Response.json({ items: [] }),
      Response.json({ items: [] }),
      Response.json(aStream()),
    );
    const api = createApi(guest, send);
    await api.streams({});
    await api.streams({ q: 'a&b', state: 'LIVE', limit: 60, cursor: 'c=' });
    await api.stream('team/a', 'x?y');
    expect(send.mock.calls.map(([path]) => path)).toEqual([
      '/api/streams',
      '/api/streams?q=a%26b&state=LIVE&limit=60&cursor=c%3D',
      '/api/streams/team%2Fa/x%3Fy',
    ]);
  });
});

describe('streams without words', () => {
  const blank = aStream({ name: 'retro', title: ' ', description: '' });

  it('are called by their name, and blank descriptions are none', async () => {
    const api = createApi(guest, answering(Response.json({ items: [blank] }), Response.json(blank)));
    const { items } = await api.streams({});
    for (const stream of [...items, await api.stream('demo', 'retro')]) {
      expect(stream.title).toBe('retro');
      expect(stream).not.toHaveProperty('description');
    }
  });

  it('keep what they have', async () => {
    const stream = aStream({ description: 'Two words' });
    expect(await createApi(guest, answering(Response.json(stream))).stream('demo', 'keynote')).toEqual(
      stream,
    );
  });
});

describe('refusals', () => {
  it.each<[number, Trouble]>([
    [400, 'refused'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'notFound'],
    [409, 'conflict'],
    [410, 'notFound'],
    [422, 'refused'],
    [429, 'tooMany'],
    [500, 'broken'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('%i is %s', async (status, trouble) => {
    const error = await troubleOfAnswer(problem(status));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.trouble).toBe(trouble);
    expect(error.detail).toBe('Detail');
  });

  it('says how long to wait', async () => {
    expect((await troubleOfAnswer(problem(429, { 'retry-after': '7' }))).retryAfter).toBe(7);
    expect((await troubleOfAnswer(problem(429, { 'retry-after': 'soon' }))).retryAfter).toBeUndefined();
    expect((await troubleOfAnswer(problem(429))).retryAfter).toBeUndefined();
  });

  it('understands refusals that have no problem body', async () => {
    const page = new Response('<h1>Bad gateway</h1>', {
      status: 502,
      headers: { 'content-type': 'text/html' },
    });
    expect(await troubleOfAnswer(page)).toMatchObject({ trouble: 'unavailable', detail: undefined });
    const cut = new Response('{"title":', { status: 500, headers: { 'content-type': 'application/json' } });
    expect(await troubleOfAnswer(cut)).toMatchObject({ trouble: 'broken', detail: undefined });
  });

  it('no answer, and an answer that is none', async () => {
    await expect(createApi(guest, answering()).config()).rejects.toMatchObject({ trouble: 'unreachable' });
    const error = await troubleOfAnswer(new Response('<!doctype html>', { status: 200 }));
    expect(error.trouble).toBe('broken');
  });

  it('a request that its caller gave up is not trouble', async () => {
    const send = vi.fn<typeof fetch>((_path, init) => {
      return new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => {
          reject(new DOMException('aborted', 'AbortError'));
        });
      });
    });
    const giveUp = new AbortController();
    const asked = createApi(guest, send).config(giveUp.signal);
    giveUp.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('knows what passes by itself', () => {
    const passing: Trouble[] = ['conflict', 'tooMany', 'unavailable', 'unreachable', 'broken'];
    const lasting: Trouble[] = ['unauthenticated', 'forbidden', 'notFound', 'refused'];
    expect([passing.every(isPassing), lasting.some(isPassing)]).toEqual([true, false]);
  });
});

describe('token', () => {
  it('is sent when there is one', async () => {
    const send = answering(Response.json({}), Response.json({}));
    await createApi(guest, send).config();
    await createApi({ ...guest, accessToken: () => 'one' }, send).config();
    expect(authorizations(send)).toEqual([null, 'Bearer one']);
  });

  it('is renewed once when it is refused', async () => {
    const send = answering(problem(401), Response.json({}));
    const renew = vi.fn(() => Promise.resolve('two'));
    await createApi({ accessToken: () => 'one', renew }, send).config();
    expect(renew).toHaveBeenCalledExactlyOnceWith('one');
    expect(authorizations(send)).toEqual(['Bearer one', 'Bearer two']);
  });

  it('is not renewed in circles', async () => {
    const send = answering(problem(401), problem(401));
    const renew = vi.fn(() => Promise.resolve('two'));
    const asked = createApi({ accessToken: () => 'one', renew }, send).config();
    await expect(asked).rejects.toMatchObject({ trouble: 'unauthenticated' });
    expect(renew).toHaveBeenCalledOnce();
  });

  it('a session that is over', async () => {
    const send = answering(problem(401));
    const renew = vi.fn(() => Promise.resolve(undefined));
    const asked = createApi({ accessToken: () => 'one', renew }, send).config();
    await expect(asked).rejects.toMatchObject({ trouble: 'unauthenticated' });
    expect(send).toHaveBeenCalledOnce();
  });
});

describe('clock', () => {
  it('follows the server when the browser is hours off', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') });
    const ahead = Response.json({}, { headers: { date: 'Sun, 01 Mar 2026 15:00:00 GMT' } });
    const api = createApi(guest, answering(ahead));
    expect(api.now()).toBe(Date.now());
    await api.config();
    expect(api.now() - Date.now()).toBe(3 * 3_600_000);
    vi.useRealTimers();
  });
});
