import type { Statistics } from '../waveform/statistics.ts'
import { type Bearing, type Fault, partOf } from './bearing.ts'
import type { Diagnosis } from './diagnose.ts'
import type { VibrationOptions } from './options.ts'

/** What a harmonic must have over the noise to be mentioned. */
export const harmonicDb = 10

/** The options with the bearing's geometry in place of what was declared of it. */
export type Named = Omit<VibrationOptions, 'bearing'> & { readonly name: string; readonly bearing: Bearing }

/** One fault's margin in the band where it is largest. */
export type Candidate = { readonly fault: Fault; readonly band: number; readonly marginDb: number }

/** `other`: a second fault that cannot be told from the first. */
export function damage(
  { fault, band, marginDb }: Candidate,
  other: Candidate | undefined,
  latest: Diagnosis,
  rpm: number,
  verdict: 'warning' | 'alarm',
  options: Named,
): string {
  const lines = latest.lines[fault][band]
  const harmonics = lines?.harmonicsDb.filter(db => db >= harmonicDb).length ?? 0
  const part = other === undefined ? partOf[fault] : `${partOf[fault]} or the ${partOf[other.fault]}`
  const state = verdict === 'alarm' ? 'is damaged' : 'begins to show damage'
  return (
    `${frequencyName(fault)} frequency (${frequencyText(fault, latest, band)}) stands ${Math.round(marginDb)} dB above ` +
    `the envelope noise, ${harmonics} harmonics, at ${Math.round(rpm)} rpm: the ${part} of ${bearingName(options)} ${state}`
  )
}

export function quiet(
  { fault, band, marginDb }: Candidate,
  latest: Diagnosis,
  rpm: number,
  warning: number,
  options: Named,
): string {
  return (
    `No fault frequency of ${bearingName(options)} stands out: the most, ${frequencyText(fault, latest, band)}, is ` +
    `${Math.round(marginDb)} dB above the envelope noise at ${Math.round(rpm)} rpm; ${Math.round(warning)} dB would count`
  )
}

export function impulsive({ lastingKurtosis }: Statistics, options: Named): string {
  return `Not diagnosable: something hits all the time (kurtosis ${lastingKurtosis.toFixed(1)}), but not at a fault frequency of ${bearingName(options)}`
}

function frequencyName(fault: Fault): string {
  return fault === 'BPFO'
    ? 'Outer-race fault'
    : fault === 'BPFI'
      ? 'Inner-race fault'
      : 'Rolling-element fault'
}

function frequencyText(fault: Fault, latest: Diagnosis, band: number): string {
  const lines = latest.lines[fault][band]
  return lines === undefined ? fault : `${fault} ${Math.round(lines.frequencyHz)} Hz`
}

function bearingName({ bearing, name }: Named): string {
  return `bearing ${bearing.name ?? name}`
}
