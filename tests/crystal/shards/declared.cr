# What the declarations in this folder return: a value of the type, never computed. They are
# compiled, never run.
module Declared
  def self.a(type : T.class) : T forall T
    value = uninitialized T
    value
  end

  # A tuple of one value of each type.
  def self.many(*types : *T) forall T
    {% begin %}
      { {% for type in T %} a({{type.instance}}), {% end %} }
    {% end %}
  end
end
