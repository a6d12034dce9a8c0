import type { Surroundings } from './streams/poller.ts';

/** `Surroundings` of a page in a browser. */
export const browserSurroundings: Surroundings = {
  isHidden: () => document.visibilityState === 'hidden',
  onReturn(listener) {
    document.addEventListener('visibilitychange', listener);
    window.addEventListener('online', listener);
    return () => {
      document.removeEventListener('visibilitychange', listener);
      window.removeEventListener('online', listener);
    };
  },
};
