/** The part of an ONNX file (onnx.proto3) that is evaluated here. */
export type Tensor = { readonly dims: readonly number[]; readonly data: ArrayLike<number> }

export type Attribute = number | string | Tensor | readonly number[] | readonly string[]

export type Node = {
  readonly op: string
  /** Empty: ai.onnx. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

export type Graph = {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly Node[]
  readonly constants: ReadonlyMap<string, Tensor>
}

/** TensorProto.DataType */
export const dataType = { float: 1, int32: 6, int64: 7, double: 11 } as const
/** AttributeProto.AttributeType */
export const attributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
} as const

/** An attribute as numbers, one or many; none where it is not there. */
export function numbersOf(node: Node, name: string): readonly number[] {
  const value = node.attributes.get(name)
  if (typeof value === 'number') return [value]
  return Array.isArray(value) ? (value as number[]) : []
}
