import { useEffect, useState } from 'react';

/** The time by `clock`, anew every `interval` milliseconds. */
export function useNow(clock: () => number, interval: number): number {
  const [now, setNow] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(clock());
    }, interval);
    return () => {
      clearInterval(timer);
    };
  }, [clock, interval]);
  return now;
}
