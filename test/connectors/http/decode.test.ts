import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAnswer } from '../../../connectors/http/answer.ts'
import { gatherCsv } from '../../../connectors/http/csv.ts'
import { Gathering } from '../../../connectors/http/decoding.ts'
import { gatherJson } from '../../../connectors/http/json.ts'
import type { Options } from '../../../connectors/http/options.ts'
import { TagBook } from '../../../connectors/http/tags.ts'
import { checked, timeOf } from '../../../connectors/http/time.ts'
import { type Sample, toJson } from '../../../model/index.ts'
import { asset, declare, declared, optionsFor } from './bench.ts'

const now = Date.UTC(2026, 0, 31, 12) * 1000
const latest = now + 300_000_000
const waveform = declare('vibration', { class: 'waveform', sampleRateHz: 1000 })

type How = { url?: string; options?: Partial<Options>; maxSamples?: number }

function gathering({ url, options = {}, maxSamples = 1000 }: How = {}): Gathering {
  const tags = new TagBook({
    tags: [...declared, waveform],
    options: optionsFor('http://127.0.0.1', options),
  })
  return new Gathering({ tags, latest, maxSamples, ...(url !== undefined && { asset: url }) })
}

/** What came of a text: samples, or the answer that refuses it. */
async function csvOf(text: string, how?: How) {
  const gathered = gathering(how)
  const refused = (await gatherCsv(text, gathered)) ?? gathered.refusal
  return {
    samples: gathered.samples.map(told),
    refused: refused?.body as Record<string, unknown> | undefined,
    status: refused?.status,
  }
}

function jsonOf(posted: unknown, how?: How) {
  const gathered = gathering(how)
  const text = typeof posted === 'string' ? posted : JSON.stringify(posted)
  const refused = gatherJson(text, gathered) ?? gathered.refusal
  return {
    samples: gathered.samples.map(told),
    refused: refused?.body as Record<string, unknown> | undefined,
    status: refused?.status,
  }
}

const told = ({ tag, t, value, status }: Sample) => [tag.name, t, toJson(value), status]
const time = '2026-01-31T12:00:00Z'

describe('CSV', () => {
  test('long, of many assets', async () => {
    const { samples } = await csvOf(
      `asset,tag,time,value,status\n${asset},speed,${time},1480,\n${asset},torque,${time},,bad\n`,
    )
    expect(samples).toEqual([
      ['speed', now, 1480, 0],
      ['torque', now, null, 0x80000000],
    ])
  })

  test('wide, with gaps, names of the senders, semicolons, a mark of its encoding and Windows line ends', async () => {
    const text = `time;speed;Oil [°C]\r\n${time};1.5;\r\n\r\n${now + 1};true;"on; really"\r\n`
    const { samples } = await csvOf(text, { url: asset })
    expect(samples).toEqual([
      ['speed', now, 1.5, 0],
      ['speed', now + 1, true, 0],
      ['oil-temperature', now + 1, 'on; really', 0],
    ])
  })

  test('integers stay exact, and what is not finite is told as such', async () => {
    const { samples } = await csvOf(
      `tag,time,value\nspeed,${time},9007199254740993\nspeed,${time},NaN\nspeed,${time},-1e3\n`,
      { url: asset },
    )
    expect(samples.map(([, , value]) => value)).toEqual(['9007199254740993', 'NaN', -1000])
  })

  test.each([
    ['unknown tag', `tag,time,value\nspede,${time},1`, 'line 2: ', 'Did you mean "speed"?'],
    ['unknown column', `time,speed,torqe\n${time},1,2`, 'line 1: ', 'Did you mean "torque"?'],
    ['local time', 'time,speed\n2026-01-31 12:00:00,1', 'line 2: ', 'Append Z for UTC'],
    ['no such day', 'time,speed\n2026-02-30T12:00:00Z,1', 'line 2: ', 'Write 2026-01-31T12:59:59.599Z'],
    ['seconds', 'time,speed\n1769860800,1', 'line 2: ', 'These seem to be seconds'],
    ['future', 'time,speed\n2026-01-31T12:10:00Z,1', 'line 2: ', "Set the sender's clock"],
    ['decimal comma', `time;speed\n${time};3,14`, 'line 2: ', 'Write 3.14'],
    ['text for a number', `time,torque\n${time},high`, 'line 2: ', 'it takes numbers'],
    ['ragged', `time,speed\n${time},1\n${time}`, 'line 3: ', 'Nothing was stored'],
    ['status', `tag,time,value,status\nspeed,${time},1,fine`, 'line 2: ', 'Write good, uncertain, bad'],
    ['no value', `tag,time,value\nspeed,${time},`, 'line 2: ', 'Leave the sample out'],
    ['no time', 'speed,torque\n1,2', 'line 1: ', 'Write time and a column a tag'],
    ['strange', `tag,time,value,unit\nspeed,${time},1,rpm`, 'line 1: ', 'Columns are asset, tag'],
    ['twice', `time,speed,speed\n${time},1,2`, 'line 1: ', 'Nothing was stored'],
    ['waveform', `time,vibration\n${time},1`, 'line 2: ', 'Post the block as JSON'],
  ])('%s is refused in its place', async (_, text, where, hint) => {
    const { refused, status } = await csvOf(text, { url: asset })
    expect(status).toBe(422)
    expect(refused!.message).toContain(where)
    expect(refused!.hint).toContain(hint)
  })

  test('what has no asset says how to name it; a broken quote is no CSV; nothing is nothing', async () => {
    expect((await csvOf(`time,speed\n${time},1`)).refused!.hint).toContain('/telemetry/site/area/line/asset')
    expect((await csvOf('time,speed\n"1', { url: asset })).status).toBe(400)
    expect((await csvOf('', { url: asset })).status).toBe(400)
    expect((await csvOf('time,speed\n', { url: asset })).status).toBe(422)
  })

  test('every wrong line is told, up to twenty, and too many samples are too large', async () => {
    const bad = Array.from({ length: 50 }, () => 'never,1').join('\n')
    expect((await csvOf(`time,speed\n${bad}`, { url: asset })).refused!.problems).toHaveLength(20)
    const good = Array.from({ length: 50 }, () => `${time},1`).join('\n')
    expect((await csvOf(`time,speed\n${good}`, { url: asset, maxSamples: 49 })).status).toBe(413)
    expect((await csvOf(`time,speed\n${good}`, { url: asset, maxSamples: 50 })).samples).toHaveLength(50)
  })

  test('undeclared tags are taken where they may be, one object a name, and no more than that', async () => {
    const accept = { url: asset, options: { unknownTags: 'accept' as const, maxUnknownTags: 2 } }
    const gathered = gathering(accept)
    await gatherCsv(`time,new-a,new-b\n${time},1,2\n${now + 1},3,4`, gathered)
    expect(gathered.refusal).toBeUndefined()
    expect(new Set(gathered.samples.map(({ tag }) => tag)).size).toBe(2)
    expect((await csvOf(`time,a,b,c\n${time},1,2,3`, accept)).refused!.hint).toContain('maxUnknownTags')
    expect((await csvOf(`time,Not A Name\n${time},1`, accept)).refused!.hint).toContain('lower case')
  })
})

describe('JSON', () => {
  const good = {
    asset,
    tags: ['speed', 'torque'],
    tag: [0, 1, 0],
    t: [now, now, now + 1],
    value: [1, 2, true],
  }

  test('a record, and a list of them', () => {
    const samples = [
      ['speed', now, 1, 0],
      ['torque', now, 2, 0],
      ['speed', now + 1, true, 0],
    ]
    expect(jsonOf(good).samples).toEqual(samples)
    expect(jsonOf([good, { ...good, v: 1 }]).samples).toEqual([...samples, ...samples])
  })

  test('all columns, and integers beyond 2^53 exact', () => {
    const text = `{"asset":"${asset}","tags":["speed"],"tag":[0],"t":[${now}],"value":[9007199254740993],"status":[2147483648],"code":[7],"ps":[5],"serverT":[${now}]}`
    const gathered = gathering()
    expect(gatherJson(text, gathered)).toBeUndefined()
    expect(gathered.samples).toMatchObject([
      { value: 9007199254740993n, status: 0x80000000, code: 7, picoseconds: 5, serverTime: now },
    ])
  })

  test('a waveform block', () => {
    const gathered = gathering()
    gatherJson(
      JSON.stringify({ ...good, tags: ['vibration'], tag: [0], t: [now], value: [[0.5, -1]] }),
      gathered,
    )
    expect(gathered.samples[0]?.value).toEqual(Float32Array.of(0.5, -1))
  })

  test.each([
    ['epoch', { ...good, epoch: 1 }, 'epoch', 'Leave epoch out'],
    ['a slip of the pen', { ...good, stauts: [0, 0, 0] }, 'stauts', 'Did you mean "status"?'],
    ['another version', { ...good, v: 2 }, 'v', 'Write "v": 1'],
    ['no asset', { ...good, asset: undefined }, 'asset', 'Write "asset"'],
    ['an unknown asset', { ...good, asset: 'test/area/line/bank' }, 'asset', `Did you mean "${asset}"?`],
    ['an unknown tag', { ...good, tags: ['speed', 'torqe'] }, 'tag[1]', 'Did you mean "torque"?'],
    ['no tags', { ...good, tags: 'speed' }, 'tags', 'Write "tags"'],
    ['an index beyond', { ...good, tag: [0, 2, 0] }, 'tag[1]', 'Indices count from 0'],
    ['a short column', { ...good, value: [1] }, 'value', 'One entry a sample'],
    ['milliseconds', { ...good, t: [now, now / 1000, now] }, 't[1]', 'These seem to be milliseconds'],
    ['no number as time', { ...good, t: [now, time, now] }, 't[1]', 'Write 2026'],
    ['no value and good', { ...good, value: [1, 2, null] }, 'value[2]', 'Leave the sample out'],
    ['text out of a range', { ...good, value: [1, 'x', 1] }, 'value[1]', 'it takes numbers'],
    ['nothing as status', { ...good, status: [0, null, 0] }, 'status[1]', '0 is good'],
    ['no status', { ...good, status: [0, 'good', 0] }, 'status[1]', '0 is good'],
    ['a code', { ...good, code: [0, 'x', 0] }, 'code[1]', 'Leave the column out'],
    ['nested too deep', { ...good, value: [[[[[[[[[[1]]]]]]]]], 1, 1] }, 'value[0]', 'tags of their own'],
  ])('%s is refused in its place', (_, posted, field, hint) => {
    for (const [body, place] of [
      [posted, field],
      [[good, posted], `[1].${field}`],
    ] as const) {
      const { refused, status } = jsonOf(body)
      expect(status).toBe(422)
      expect(refused).toMatchObject({ error: 'bad-record', field: place })
      expect(refused!.hint).toContain(hint)
    }
  })

  test('the asset is named once', () => {
    expect(jsonOf({ ...good, asset: undefined }, { url: asset }).samples).toHaveLength(3)
    expect(jsonOf(good, { url: 'test/area/line/other' }).refused!.field).toBe('asset')
  })

  test.each(['', '{', 'null', '7', '[]', '[null]', '{}'])('%s is refused', text => {
    expect([400, 422]).toContain(jsonOf(text).status)
  })
})

describe('times', () => {
  test.each([
    ['2026-01-31T12:00:00Z', 0],
    ['2026-01-31 13:00:00+01:00', 0],
    ['2026-01-31T07:30-0430', 0],
    ['2026-01-31T12:00:00.123456789Z', 123_456],
    ['2026-01-31T12:00:00,5Z', 500_000],
    [String(now + 7), 7],
  ])('%s', (text, micros) => {
    expect(timeOf(text, latest)).toEqual({ t: now + micros })
  })

  test('no text and no number makes them throw, and what passes is within bounds', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789-:T.Z+ ') }),
      fc.date({ noInvalidDate: true }).map(String),
    )
    fc.assert(
      fc.property(texts, fc.double(), (text, number) => {
        for (const timed of [timeOf(text, latest), checked(number, latest)]) {
          if ('t' in timed)
            expect(timed.t > 0 && timed.t <= latest && Number.isSafeInteger(timed.t)).toBe(true)
          else expect(timed.wrong).toBeTruthy()
        }
      }),
    )
  })
})

describe('whatever is posted', () => {
  const settle = (gathered: Gathering, refused: unknown) => {
    expect(isAnswer(refused ?? gathered.refusal) || gathered.samples.length > 0).toBe(true)
    expect(gathered.samples.length).toBeLessThanOrEqual(101)
    expect(JSON.stringify(gathered.refusal ?? '').length).toBeLessThan(20_000)
  }

  test('as CSV is stored or refused, and never throws', async () => {
    const cell = fc.oneof(
      fc.string(),
      fc.constantFrom('time', 'tag', 'value', 'asset', 'status', 'speed', time, String(now), '1', '"', ';'),
    )
    const file = fc
      .array(fc.array(cell, { maxLength: 5 }), { maxLength: 12 })
      .map(rows => rows.map(row => row.join(',')).join('\n'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(file, fc.string({ maxLength: 2000 })), fc.boolean(), async (text, named) => {
        const gathered = gathering({ maxSamples: 100, ...(named && { url: asset }) })
        settle(gathered, await gatherCsv(text, gathered))
      }),
    )
  })

  test('as JSON is stored or refused, and never throws', () => {
    const like = fc.record(
      {
        v: fc.constantFrom(1, 2),
        asset: fc.constantFrom(asset, 'x', 7),
        tags: fc.oneof(fc.constant(['speed', 'torque']), fc.array(fc.string())),
        tag: fc.array(fc.oneof(fc.integer({ min: -1, max: 2 }), fc.jsonValue()), { maxLength: 4 }),
        t: fc.array(fc.oneof(fc.constant(now), fc.jsonValue()), { maxLength: 4 }),
        value: fc.array(fc.jsonValue(), { maxLength: 4 }),
        status: fc.array(fc.oneof(fc.constant(0), fc.jsonValue()), { maxLength: 4 }),
      },
      { requiredKeys: ['asset', 'tags'] },
    )
    const texts = fc.oneof(
      fc.json(),
      fc.string(),
      like.map(one => JSON.stringify(one)),
      fc.array(like).map(all => JSON.stringify(all)),
    )
    fc.assert(
      fc.property(texts, text => {
        const gathered = gathering({ maxSamples: 100 })
        settle(gathered, gatherJson(text, gathered))
        for (const { value } of gathered.samples) JSON.stringify(toJson(value))
      }),
    )
  })

  test('brackets as deep as a body can be are no end of the stack', () => {
    const deep = '['.repeat(1_000_000)
    const closed = `{"asset":"${asset}","tags":["speed"],"tag":[0],"t":[${now}],"value":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`
    expect(jsonOf(deep).status).toBe(400)
    expect([400, 422]).toContain(jsonOf(closed).status)
  })

  test('digits as long as a body can be are no work without end, and no number', async () => {
    const digits = '1'.repeat(3_000_000)
    for (const cell of [digits, `${digits}x`, `1e${digits}`, `${digits},5`]) {
      const { samples } = await csvOf(`time,speed\n${time},"${cell}"`, { url: asset })
      for (const [, , value] of samples) expect(typeof value).toBe('string')
    }
    expect(
      jsonOf(`{"asset":"${asset}","tags":["speed"],"tag":[0],"t":[${now}],"value":[1e999]}`).status,
    ).toBe(422)
    expect(timeOf(digits, latest)).toHaveProperty('wrong')
  })

  test('names by the hundred thousand that nobody declared are no work without end', async () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `speeed-${i}-of-a-machine-with-a-long-name`)
    const many = Array.from({ length: 2000 }, (_, i) => declare(`speed-${i}-of-a-machine-with-a-long-name`))
    const ground = {
      tags: new TagBook({ tags: many, options: optionsFor('http://127.0.0.1') }),
      latest,
      maxSamples: 10,
      asset,
    }
    const [wide, record] = [new Gathering(ground), new Gathering(ground)]
    await gatherCsv(`time,${names.join(',')}\n`, wide)
    gatherJson(JSON.stringify({ tags: names, tag: [99_999], t: [now], value: [1] }), record)
    for (const gathered of [wide, record]) expect(gathered.refusal?.status).toBe(422)
  })
})
