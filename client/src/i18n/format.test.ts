import { describe, expect, it } from 'vitest';
import { createFormat, partsOf } from './format.ts';
import { preferredLanguage } from './index.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('durations', () => {
  it.each([
    [-5 * SECOND, '0 sec'],
    [59 * SECOND, '59 sec'],
    [MINUTE + 59 * SECOND, '1 min'],
    [HOUR, '1 hr'],
    [HOUR + 12 * MINUTE + 3 * SECOND, '1 hr 12 min'],
    [24 * HOUR + 5 * MINUTE, '1 day'],
    [27 * HOUR, '1 day 3 hr'],
  ])('%i ms are %s', (milliseconds, words) => {
    expect(createFormat('en').duration(milliseconds)).toBe(words);
  });

  it('speak Vietnamese', () => {
    expect(createFormat('vi').duration(HOUR + 12 * MINUTE)).toBe('1 giờ 12 phút');
  });

  it('have at most two parts', () => {
    expect(partsOf(27 * HOUR + 59 * MINUTE)).toHaveLength(2);
  });
});

describe('numbers', () => {
  it('follow the language', () => {
    expect(createFormat('en').count(12_840)).toBe('12,840');
    expect(createFormat('vi').count(12_840)).toBe('12.840');
    expect(createFormat('en').compact(12_840)).toBe('12.8K');
  });
});

describe('preferred language', () => {
  it.each([
    ['vi', ['en-US'], 'vi'],
    [null, ['vi-VN', 'en'], 'vi'],
    [null, ['de-DE', 'vi', 'en'], 'vi'],
    [null, ['de-DE'], 'en'],
    ['klingon', ['vi'], 'vi'],
    [null, [], 'en'],
  ])('of choice %s and browser %s is %s', (chosen, browser, language) => {
    expect(preferredLanguage(chosen, browser)).toBe(language);
  });
});
