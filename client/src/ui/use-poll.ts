import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useServices } from '../services.ts';
import { createPoller, type Poll, type Poller } from '../streams/poller.ts';

/** Runs a poller while the view is there. */
export function usePoller<T>(poller: Poller<T>): Poll<T> {
  useEffect(() => {
    poller.start();
    return poller.stop;
  }, [poller]);
  return useSyncExternalStore(poller.subscribe, poller.getSnapshot);
}

/** `load` must be the same function as long as it asks for the same. */
export function usePoll<T>(
  load: (signal: AbortSignal) => Promise<T>,
  interval: number | undefined,
): [Poll<T>, () => void] {
  const { surroundings } = useServices();
  const poller = useMemo(
    () => createPoller({ load, interval, surroundings }),
    [load, interval, surroundings],
  );
  return [usePoller(poller), poller.refresh];
}
