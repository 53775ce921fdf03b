import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { formatNamed } from '../../../config/import/index.ts'
import { modbusAddress } from '../../../config/import/modbus-address.ts'
import { s7Address } from '../../../config/import/s7-address.ts'
import { loadPlant } from '../../../config/index.ts'
import { MillraceError } from '../../../model/index.ts'
import { importTags } from '../../../runtime/commands/import.ts'
import { projectRoot } from '../../needs.ts'

const read = (text: string, connector = 's7', options = {}) => {
  const format = formatNamed('auto', text)
  return { format: format.name, ...format.read(text, connector, options) }
}
const kepwareHeader =
  'Tag Name,Address,Data Type,Respect Data Type,Client Access,Scan Rate,Scaling,Raw Low,Raw High,Scaled Low,Scaled High,Scaled Data Type,Clamp Low,Clamp High,Eng Units,Description,Negate Value\n'

describe('addresses of the TIA Portal, STEP 7 and Kepware', () => {
  test.each([
    ['%I0.0', 'Bool', 'I0.0'],
    ['%IW64', 'Int', 'II64'],
    ['%IW64:P', 'Int', 'PII64'],
    ['%MD20', 'Real', 'MR20'],
    ['%MW20', 'UInt', 'MW20'],
    ['%MB1', 'Byte', 'MB1'],
    ['%MD30', 'Time', 'MDI30'],
    ['E      0.1', 'BOOL', 'E0.1'],
    ['MW    20', 'INT', 'MI20'],
    ['Z 3', 'COUNTER', 'C3'],
    ['%DB1.DBW2', 'Word', 'DB1,WORD2'],
    ['%DB1.DBX2.3', 'Bool', 'DB1,X2.3'],
    ['DB1.DBD4', 'Real', 'DB1,REAL4'],
    ['DB10.DBB 4', 'STRING[20]', 'DB10,STRING4.20'],
    ['DB10,REAL8', 'Float', 'DB10,REAL8'],
    ['DB10.DBD8', 'Float', 'DB10,REAL8'],
  ])('%s of type %s is %s', (text, type, address) => {
    expect(s7Address(text, type)).toEqual({ address })
  })
  test.each([
    ['', 'Bool', /no address/],
    ['%MB1', 'SInt', /SInt cannot be read/],
    ['%Q', 'Bool', /not understood/],
  ])('%s of type %s is none', (text, type, why) => {
    expect(s7Address(text, type)).toEqual({ why: expect.stringMatching(why) })
  })
})

describe('addresses of Kepware for Modbus', () => {
  test.each([
    ['400101', 'Float', 'holding/100:float32'],
    ['40101', 'Short', 'holding/100:int16'],
    ['300001', 'Word', 'input/0:uint16'],
    ['400005.11', 'Boolean', 'holding/4.11'],
    ['000004', 'Boolean', 'coil/3'],
    ['100001', 'Boolean', 'discrete/0'],
  ])('%s of type %s is %s', (text, type, address) => {
    expect(modbusAddress(text, type)).toEqual({ address })
  })
  test.each([
    ['H40001', 'Word', /not understood/],
    ['400001', 'BCD', /BCD cannot be read/],
    ['400001', 'Boolean', /needs its bit/],
  ])('%s of type %s is none', (text, type, why) => {
    expect(modbusAddress(text, type)).toEqual({ why: expect.stringMatching(why) })
  })
})

describe("Kepware's CSV", () => {
  test('linear scaling becomes two points, clamping a range, the scan rate scanMs', () => {
    const { format, tags } = read(
      `${kepwareHeader}"Press1.Oil","DB10,INT4",Short,1,R/W,5,Linear,0,27648,0,150,Double,1,1,"Cel","Tank, left",1\n`,
    )
    expect(format).toBe('kepware')
    expect(tags).toEqual([
      {
        line: 2,
        path: ['Press1', 'Oil'],
        entry: {
          address: 'DB10,INT4',
          unit: 'Cel',
          rawRange: [0, 27648],
          unitRange: [0, -150],
          range: [-150, 0],
          scanMs: 10,
          description: 'Tank, left',
        },
      },
    ])
  })

  test('square root scaling becomes a curve between two points', () => {
    const row = '"Flow","DB1,INT0",Short,1,RO,100,Square Root,0,27648,0,50,Double,"","",m3/h,,\n'
    const { tags } = read(kepwareHeader + row)
    expect(tags[0]!.entry).toMatchObject({ rawRange: [0, 27648], unitRange: [0, 50], curve: 'square-root' })
  })

  test('what has no counterpart is told with its line, and not taken over wrongly', () => {
    const row = (name: string, scaling: string) =>
      `"${name}","DB1,INT0",Short,1,RO,100,${scaling},,,,,"","",\n`
    const { tags, notMapped } = read(
      kepwareHeader +
        row('power', 'Cubic,0,1,0,1') +
        row('open', 'Linear,0,,0,1') +
        row('flat', 'Linear,0,0,0,1'),
    )
    expect(tags).toEqual([])
    expect(notMapped.map(({ line, what }) => `${line} ${what}`)).toEqual(['2 power', '3 open', '4 flat'])
    expect(notMapped.map(({ why }) => why)).toEqual([
      'its scaling "Cubic" has no counterpart',
      expect.stringContaining('lacks one of'),
      expect.stringContaining('one point only'),
    ])
  })
})

describe('tag tables of the TIA Portal', () => {
  const expected = [
    { path: ['Start "A"'], entry: { address: 'I0.0', description: 'Taster <grün>' } },
    { path: ['Druck'], entry: { address: 'MR20' } },
  ]
  const shapes: Record<string, string> = {
    XML: `<?xml version='1.0' encoding='utf-8'?>
<Tagtable name='Standard'>
  <Tag type='Bool' hmiVisible='True' remark='Taster &lt;grün&gt;' addr='%I0.0'>Start &quot;A&quot;</Tag>
  <Tag type='Real' hmiVisible='True' remark='' addr='%MD20'>Druck</Tag>
  <Tag type='Real' remark='' addr=''>Optimiert</Tag>
</Tagtable>`,
    SDF: `"Start ""A""","%I0.0","Bool","True","True","False","Taster <grün>","","True"
"Druck","%MD20","Real","True","True","False","","","True"
"Optimiert","","Real","True","True","False","","","True"`,
    'SDF of STEP 7': `"Start ""A""","I      0.0","BOOL","Taster <grün>"
"Druck","MD    20","REAL",""
"Optimiert","","REAL",""`,
    CSV: `Name;Path;Data Type;Logical Address;Comment;Hmi Visible
"Start ""A""";T;Bool;%I0.0;Taster <grün>;True
Druck;T;Real;%MD20;;True
Optimiert;T;Real;;;True`,
    SimaticML: `<?xml version="1.0" encoding="utf-8"?><Document><SW.Tags.PlcTagTable ID="0"><ObjectList>
<SW.Tags.PlcTag ID="1" CompositionName="Tags"><AttributeList><DataTypeName>Bool</DataTypeName><LogicalAddress>%I0.0</LogicalAddress><Name>Start "A"</Name></AttributeList><ObjectList><MultilingualText><Text /><Text>Taster &lt;grün&gt;</Text></MultilingualText></ObjectList></SW.Tags.PlcTag>
<SW.Tags.PlcTag ID="2"><AttributeList><DataTypeName>Real</DataTypeName><LogicalAddress>%MD20</LogicalAddress><Name><![CDATA[Druck]]></Name></AttributeList></SW.Tags.PlcTag>
<SW.Tags.PlcTag ID="3"><AttributeList><DataTypeName>Real</DataTypeName><Name>Optimiert</Name></AttributeList></SW.Tags.PlcTag>
</ObjectList></SW.Tags.PlcTagTable></Document>`,
  }
  test.each(Object.entries(shapes))('%s', (_, text) => {
    const { format, tags, notMapped } = read(text)
    expect(format).toBe('tia')
    expect(tags).toMatchObject(expected)
    expect(tags).toHaveLength(2)
    expect(notMapped).toMatchObject([{ what: 'Optimiert', why: expect.stringContaining('no address') }])
    expect(notMapped[0]!.line).toBeGreaterThan(2)
  })
})

describe("a table of one's own", () => {
  test('has the address keys of its connector, and everything else of a tag', () => {
    const { format, tags, notMapped } = read(
      'Asset;Name;Node ID;samplingIntervalMs;Unit;Scale;Min;Max;Colour\ns/a/l/m;Oil;ns=2;\n'.replace(
        'ns=2;',
        '"ns=2;s=Oil";250;Cel;0,1;-20;120;red',
      ),
      'opcua',
    )
    expect(format).toBe('csv')
    expect(tags).toMatchObject([
      {
        line: 2,
        path: ['Oil'],
        asset: 's/a/l/m',
        entry: { nodeId: 'ns=2;s=Oil', samplingIntervalMs: 250, unit: 'Cel', scale: 0.1, range: [-20, 120] },
      },
    ])
    expect(notMapped).toMatchObject([{ line: 1, what: 'column "Colour"' }])
  })
  test('a number that is none, and a row without a name, are told', () => {
    const { notMapped } = read('name,address,scale\na,MW0,x\n,MW2,\n')
    expect(notMapped.map(({ line, why }) => `${line} ${why}`)).toEqual([
      '2 its scale "x" is not a number',
      '3 it has no name',
    ])
  })
})

test('what is no list is told with the formats there are', () => {
  expect(() => formatNamed('auto', 'hello')).toThrow(MillraceError)
  expect(() => formatNamed('xlsx', '')).toThrow(/no format "xlsx"/)
})

describe('millrace import', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'millrace-import-'))
    cpSync(join(import.meta.dirname, '../cases/good-s7/plant/plant.yaml'), join(dir, 'plant.yaml'))
    vi.spyOn(console, 'log').mockImplementation(() => {})
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => {
    vi.restoreAllMocks()
    process.exitCode = undefined
    rmSync(dir, { recursive: true })
  })
  const list = (text: string) => {
    writeFileSync(join(dir, 'list.csv'), text)
    return join(dir, 'list.csv')
  }
  const options = { format: 'auto', source: 'hall', endpoint: 's7://10.0.1.30', line: 'graz/hall/line-1' }

  test('500 tags of 25 machines pass the check, and none is missing', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => {
      const machine = Math.floor(i / 20) + 1
      return `"Hall.Machine${machine}.Value ${i % 20}","DB${100 + machine},INT${(i % 20) * 2}",Short,1,R/W,500,Linear,0,27648,0,${i + 1},Float,0,0,"bar","Tag ${i}",0`
    })
    importTags(list(kepwareHeader + rows.join('\n')), { ...options, plant: dir })
    expect(process.exitCode).toBeUndefined()
    const plant = await loadPlant(dir)
    expect(plant.assets).toHaveLength(25)
    expect(plant.assets[24]).toMatchObject({ id: 'graz/hall/line-1/machine25', name: 'Machine25' })
    const tags = plant.sources.flatMap(source => source.tags)
    expect(tags).toHaveLength(500)
    expect(tags[499]).toEqual({
      tag: {
        asset: 'graz/hall/line-1/machine25',
        name: 'value-19',
        class: 'telemetry',
        unit: 'bar',
        rawRange: [0, 27648],
        unitRange: [0, 500],
        description: 'Tag 499',
      },
      address: { address: 'DB125,INT38', scanMs: 500 },
    })
  })

  test('never writes over a file unless told to', () => {
    const path = list('name,address\na,MW0\n')
    const once = { ...options, plant: dir, asset: 'graz/hall/line-1/m' }
    importTags(path, once)
    const written = readFileSync(join(dir, 'machines/hall.yaml'), 'utf8')
    writeFileSync(join(dir, 'machines/hall.yaml'), `${written}# mine\n`)
    expect(() => importTags(path, once)).toThrow(/is there already/)
    expect(readFileSync(join(dir, 'machines/hall.yaml'), 'utf8')).toMatch(/# mine\n$/)
    importTags(path, { ...once, force: true })
    expect(readFileSync(join(dir, 'machines/hall.yaml'), 'utf8')).toBe(written)
  })

  test('a tag that the check refuses is left out and told with its line; the others are written', async () => {
    const path = list('name,address,unit\ngood,"DB1,INT0",bar\nbad,"DB1,FOO2",bar\nGood,"DB1,INT4",\n')
    importTags(path, { ...options, plant: dir, asset: 'graz/hall/line-1/m' })
    expect(process.exitCode).toBe(3)
    expect(console.error).toHaveBeenCalledWith(
      expect.stringMatching(/list\.csv:3: bad: .*"FOO" is not a type/),
    )
    expect((await loadPlant(dir)).assets[0]?.tags.map(({ name }) => name)).toEqual(['good', 'good-2'])
  })

  test.each([
    [{ endpoint: 's8://x' }, /no connector speaks "s8"/],
    [{ source: 'Hall 1' }, /not a name/],
    [{ line: undefined }, /nothing says whose tag/],
    [{ line: 'graz' }, /is not an asset id/],
    [{ option: ['slott=2'] }, /unknown key "slott", did you mean "slot"/],
    [{ endpoint: 'opc.tcp://x:4840', format: 'kepware' }, /not for opcua/],
  ])('says what is wrong with %o', (more, message) => {
    const path = list('Tag Name,Address,Data Type\na,MW0,Word\n')
    expect(() => importTags(path, { ...options, ...more } as typeof options)).toThrow(message)
  })
})

describe('sources of data blocks', () => {
  const source = readFileSync(join(projectRoot, 'test/connectors/s7/symbols/sources/press.db'), 'utf8')

  test('give a tag an address and its comment, by the number that the option tells', () => {
    const { format, tags, notMapped } = read(source, 's7', { blockNumbers: { DB_Press: 10 } })
    expect(format).toBe('s7-source')
    expect(notMapped).toEqual([])
    expect(tags.length).toBe(26)
    expect(tags).toContainEqual({
      line: source.split('\n').findIndex(line => line.startsWith('DATA_BLOCK')) + 1,
      path: ['DB_Press', 'Spindle', 'Oil Temp'],
      entry: { address: 'DB10,REAL8', description: '8.0' },
    })
  })

  test('without the number say what to give', () => {
    expect(() => read(source)).toThrow(/does not tell the number of the data block "DB_Press"/)
  })
})
