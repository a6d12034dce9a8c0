/** Numbers, dates and durations in the user's language. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

export interface Format {
  count(value: number): string;
  /** 1.2K */
  compact(value: number): string;
  dateTime(time: number): string;
  time(time: number): string;
  /** The two greatest units: 1 hr 12 min. Under a minute, seconds. */
  duration(milliseconds: number): string;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** What a duration is made of, greatest first, at most two parts. Seconds count only under a minute. */
export function partsOf(milliseconds: number): { unit: (typeof UNITS)[number][0]; value: number }[] {
  let rest = Math.max(0, Math.floor(milliseconds / 1_000));
  if (rest >= 60) rest -= rest % 60;
  const parts: ReturnType<typeof partsOf> = [];
  for (const [unit, seconds] of UNITS) {
    const value = Math.floor(rest / seconds);
    rest -= value * seconds;
    if (value > 0) parts.push({ unit, value });
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts : [{ unit: 'second', value: 0 }];
}

export function createFormat(language: string): Format {
  const count = new Intl.NumberFormat(language);
  const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 });
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  return {
    count: (value) => count.format(value),
    compact: (value) => compact.format(value),
    dateTime: (value) => dateTime.format(value),
    time: (value) => time.format(value),
    duration: (milliseconds) =>
      partsOf(milliseconds)
        .map(({ unit, value }) =>
          new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value),
        )
        .join(' '),
  };
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return useMemo(() => createFormat(i18n.language), [i18n.language]);
}
