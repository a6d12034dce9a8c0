import type { Config, Stream } from '../api/types.ts';
import type { Memory } from '../session/session.ts';
import type { Surroundings } from '../streams/poller.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export const config: Config = {
  oidc: { issuer: 'https://issuer.example', clientId: 'ivs-web', scope: 'openid profile' },
  languages: ['en', 'vi'],
  chatEndpoint: 'wss://chat.example',
  limits: { titleLength: 200, descriptionLength: 2000, messageLength: 500 },
};

export function aStream(changes: Partial<Stream> = {}): Stream {
  return {
    namespace: 'demo',
    name: 'keynote',
    title: 'Launch keynote',
    region: 'us-east-1',
    ready: true,
    state: 'OFFLINE',
    playbackUrl: 'https://a.playback.live-video.net/keynote.m3u8',
    chatRoomArn: 'arn:aws:ivschat:us-east-1:123456789012:room/AbCdEf',
    playback: { access: 'Public' },
    chat: { enabled: true, anonymousRead: true, maximumMessageLength: 500 },
    role: 'guest',
    ...changes,
  };
}

export function aLiveStream(changes: Partial<Stream> = {}): Stream {
  return aStream({
    state: 'LIVE',
    health: 'HEALTHY',
    viewers: 1234,
    startedAt: '2026-03-01T10:48:00Z',
    ...changes,
  });
}

export interface FakeSurroundings extends Surroundings {
  hide(): void;
  show(): void;
}

export function fakeSurroundings(): FakeSurroundings {
  const listeners = new Set<() => void>();
  let hidden = false;
  return {
    isHidden: () => hidden,
    onReturn(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hide() {
      hidden = true;
    },
    show() {
      hidden = false;
      for (const listener of listeners) listener();
    },
  };
}

export interface FakeMemory extends Memory {
  forget(): void;
}

export function fakeMemory(initial: { signedIn?: boolean; resuming?: boolean } = {}): FakeMemory {
  let { signedIn = false, resuming = false } = initial;
  let listener: () => void = () => undefined;
  return {
    wasSignedIn: () => signedIn,
    rememberSignedIn(value) {
      signedIn = value;
    },
    isResuming: () => resuming,
    rememberResuming(value) {
      resuming = value;
    },
    onForgotten(next) {
      listener = next;
    },
    forget() {
      signedIn = false;
      listener();
    },
  };
}
