import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { locate, type Token, tokenize } from "../../../src/app/crystal/lexer.ts";

/** The tokens in one line: code as it is, text by its kind, `…` where code is interpolated. */
function shape(source: string): string {
  return tokenize(source).map((token) => {
    if (token.kind === "newline") return "⏎";
    if ("text" in token) return token.text;
    return `${token.kind}<${token.value}>${token.literal ? "" : "…"}`;
  }).join(" ");
}

function constants(source: string): string[] {
  return tokenize(source).flatMap((token) => token.kind === "constant" ? [token.text] : []);
}

function firstText(source: string): Token | undefined {
  return tokenize(source).find((token) => "value" in token);
}

const BS = "\\";

Deno.test("code is split into constants, identifiers, numbers and operators", () => {
  deepEqual(tokenize("a.b? = ::Foo(T)\n@x"), [
    { kind: "identifier", text: "a", line: 1 },
    { kind: "operator", text: ".", line: 1 },
    { kind: "identifier", text: "b?", line: 1 },
    { kind: "operator", text: "=", line: 1 },
    { kind: "operator", text: "::", line: 1 },
    { kind: "constant", text: "Foo", line: 1 },
    { kind: "operator", text: "(", line: 1 },
    { kind: "constant", text: "T", line: 1 },
    { kind: "operator", text: ")", line: 1 },
    { kind: "newline", line: 1 },
    { kind: "identifier", text: "@x", line: 2 },
  ]);
  equal(shape("a!=b c! @@d $? $~ e <=> f << g ||= h"), "a != b c! @@d $? $~ e <=> f << g ||= h");
  equal(shape("0x1F_u8 1_000.5e-3_f32 1..2 3.times"), "0x1F_u8 1_000.5e-3_f32 1 .. 2 3 . times");
  equal(shape("Été = größe"), "Été = größe");
});

Deno.test("comments are no code, whatever they hold", () => {
  equal(shape('a # "b #{C} <<-D\nE'), "a ⏎ E");
  equal(shape("# A"), "");
  equal(shape("#A\r\n#B\r\nC"), "⏎ ⏎ C");
});

Deno.test("the escapes of a string are decoded", () => {
  // Each pair was printed by Crystal 1.6.
  const cases: [string, string][] = [
    [String.raw`"a\tb\n\\ \"q\" \#{no} \q"`, 'a\tb\n\\ "q" #{no} q'],
    [String.raw`"\u00e9 \u{1F600 41} \x41 \101 \0"`, "é 😀A A A \0"],
    [String.raw`"\e\a\b\f\v\r"`, "\x1b\x07\b\f\v\r"],
    [String.raw`"\xC3\xA9\303\251"`, "éé"],
    ['"one \\\n    two"', "one two"],
    ['"a\\\r\n\t b"', "ab"],
    ['"one\n  two"', "one\n  two"],
    ['"\\"', '"'],
    ['"\\u{110000}"', "\ufffd"],
    [String.raw`"\uZZ \xZ"`, "uZZ xZ"],
  ];
  for (const [source, value] of cases) {
    deepEqual(firstText(source), { kind: "string", value, literal: true, line: 1 });
  }
});

Deno.test("interpolated code is code, at any depth", () => {
  equal(
    shape('"a#{Foo.x({1 => "b#{Bar}c}"})}d" + Baz'),
    "string<a>… #{ Foo . x ( { 1 => string<b>… #{ Bar } text<c}>… } ) } text<d>… + Baz",
  );
  deepEqual(constants('"#{MemoryStore}"'), ["MemoryStore"]);
  deepEqual(constants('"#{"#{"#{A}"} B #{C}"} D"'), ["A", "C"]);
  deepEqual(constants('"#{a # B }\n}" C'), ["C"]);
  deepEqual(constants('"#{ %(}) }A" B'), ["B"]);
  deepEqual(constants("\"#{ '}' }A\" B"), ["B"]);
  deepEqual(constants('"#{ {% if X %} 1 {% end %} }A" B'), ["X", "B"]);
  equal(shape('"#{a %}" B'), "string<>… #{ a % } text<>… B");
  equal(shape('"# #a {A}"'), "string<# #a {A}>");
});

Deno.test("character literals are text", () => {
  equal(shape(`'a' '"' '#' '${BS}'' '${BS}${BS}' A`), `char<a> char<"> char<#> char<'> char<\\> A`);
  equal(
    shape(String.raw`'\u{1F600}', '\u0041', '\x41', '\101', '\n', '😀'`),
    "char<😀> , char<A> , char<A> , char<A> , char<\n> , char<😀>",
  );
  equal(shape("x = '/' + '%' + '`' + Foo"), "x = char</> + char<%> + char<`> + Foo");
});

Deno.test("commands are text with interpolation", () => {
  equal(shape("`ls #{Dir} 'A'` B"), "command<ls >… #{ Dir } text< 'A'>… B");
  equal(shape("%x(ls (A)) B"), "command<ls (A)> B");
  equal(shape("def `(command)\nA"), "def ` ( command ) ⏎ A");
});

Deno.test("percent literals nest their brackets", () => {
  equal(shape(`%(a (nested "x") b) A`), `string<a (nested "x") b> A`);
  equal(shape(String.raw`%[q [1] \]] A`), "string<q [1] ]> A");
  equal(shape("%{a {b} c}, %<a <b> c>, A"), "string<a {b} c> , string<a <b> c> , A");
  equal(shape(String.raw`%|a \| b| A`), "string<a | b> A");
  equal(shape(String.raw`%q(raw \n #{X} (y)) A`), String.raw`string<raw \n #{X} (y)> A`);
  equal(shape(String.raw`%q(\) A`), String.raw`string<\> A`);
  equal(shape("%Q(a#{X}b) A"), "string<a>… #{ X } text<b>… A");
  equal(shape("%w(A (B) #{C}), %i[D E], F"), "words<A (B) #{C}> , words<D E> , F");
  equal(shape('%r{a{2}/"#{X}} A'), 'regex<a{2}/">… #{ X } text<>… A');
  equal(shape("puts %(A)\nputs(%(B))"), "puts string<A> ⏎ puts ( string<B> )");
});

Deno.test("a percent sign after a value is an operator", () => {
  equal(shape("10 %(X)"), "10 % ( X )");
  equal(shape("a[1] %(X)"), "a [ 1 ] % ( X )");
  equal(shape("a % B"), "a % B");
  equal(shape("a %= (B)"), "a %= ( B )");
  equal(shape("def %(other : X)"), "def % ( other : X )");
  equal(shape("{% if A %}B{% end %}"), "{% if A %} B {% end %}");
});

Deno.test("a regex is text, and a slash after a value is an operator", () => {
  equal(shape(`x =~ /"#'/ && A`), `x =~ regex<"#'> && A`);
  equal(shape(String.raw`/a\/B#{C}/i`), String.raw`regex<a\/B>… #{ C } text<>… i`);
  equal(shape('when /"/ then A'), 'when regex<"> then A');
  equal(shape('s.split /"/\nA'), 's . split regex<"> ⏎ A');
  equal(shape("s.match /a\n  B/x"), "s . match regex<a\n  B> x");
  equal(shape("a / B / c"), "a / B / c");
  equal(shape("(a)/B/c"), "( a ) / B / c");
  equal(shape("total /B"), "total / B");
  equal(
    shape("A / B; c[0]? / D; 1/E; x /= F; y // G"),
    "A / B ; c [ 0 ] ? / D ; 1 / E ; x /= F ; y // G",
  );
  equal(shape("def /(other)\nA"), "def / ( other ) ⏎ A");
  equal(shape("a./(B)"), "a . / ( B )");
  equal(shape("[1].map &./(2)"), "[ 1 ] . map & . / ( 2 )");
});

Deno.test("a heredoc is text up to the line that holds its name alone", () => {
  equal(shape("x = <<-A\n  one\n    two \\t.\n  A\nB"), "x = string<one\n  two \t.> ⏎ ⏎ B");
  equal(
    shape("x = <<-'R w'\n one \\n #{X}\n R w.\n R w\nB"),
    "x = string<one \\n #{X}\nR w.> ⏎ ⏎ B",
  );
  equal(shape("<<-A\nA\nB"), "string<> ⏎ ⏎ B");
  equal(shape("<<-A.strip # C\n  D\n  A\nB"), "string<D> . strip ⏎ ⏎ B");
  equal(
    shape("f(<<-A, <<-'B', C)\n D\n A\n #{E}\n B\nF"),
    "f ( string<D> , string<#{E}> , C ) ⏎ ⏎ F",
  );
  equal(shape("<<-A\n  a#{B}c\n  d\n  A"), "string<a>… ⏎ #{ B } text<c\nd>…");
  deepEqual(constants('<<-A\n#{<<-B\n C\nB\nE}\n"\nA\nD'), ["E", "D"]);
  equal(shape("<<-A\r\n  a\r\n  b\r\n  A\r\nB"), "string<a\r\nb> ⏎ ⏎ B");
  equal(shape("a << -B"), "a << - B");
  equal(shape("a <<-(B)"), "a << - ( B )");
});

Deno.test("symbols are text, and colons that end a name are not their start", () => {
  equal(
    shape(':foo :foo? :foo= :[]? :<=> :/ :"A #{B}"'),
    "symbol<foo> symbol<foo?> symbol<foo=> symbol<[]?> symbol<<=>> symbol</> symbol<A #{B}>",
  );
  equal(shape('f(a: B, c: :d, e:"F")'), "f ( a : B , c : symbol<d> , e : string<F> )");
  equal(shape("x ? A : B"), "x ? A : B");
  equal(shape("A::B.c(:D)"), "A :: B . c ( symbol<D> )");
  equal(shape('{"a": B}'), "{ string<a> : B }");
  equal(shape("property a : A? = nil"), "property a : A ? = nil");
});

Deno.test("every token knows its line", () => {
  const source = 'a\n"b\nc"\n<<-D\n d\n D\n# e\n\\\nf \\\n g\r\nh "#{\ni}"\n%w(\n) j';
  const lines = tokenize(source).flatMap((token) =>
    token.kind === "identifier" ? [`${token.text}${token.line}`] : []
  );
  deepEqual(lines, ["a1", "f9", "g10", "h11", "i12", "j14"]);
});

Deno.test("what is never closed runs to the end", () => {
  equal(shape('"A\nB'), "string<A\nB>");
  equal(shape("<<-A\n  b"), "string<  b> ⏎");
  equal(shape("<<-A"), "string<>");
  equal(shape('"a#{B'), "string<a>… #{ B");
  equal(shape("%w(A"), "words<A>");
  equal(shape('"a\\'), "string<a>");
  equal(shape("/a\\"), "regex<a\\>");
  equal(shape("'ab' C"), "' ab ' C");
  equal(shape(""), "");
});

Deno.test("no text makes it throw", () => {
  const piece = fc.constantFrom(
    ..."\"'`#{}()[]<>|%/\\:?!@$.,;=-+*&^~\n\r\t aA0_é😀".match(/./gsu) ?? [],
    ..."#{ <<-A <<-'A' %( %w[ %q{ %r< %x| {% %} :: :\" \\u{ \\x4 def end ?/ '\\".split(" "),
    "\nA\n",
    "\ud83d",
  );
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.array(piece).map((all) => all.join("")));
  fc.assert(
    fc.property(text, (source) => {
      const lines = source.split("\n").length;
      let last = 1;
      for (const { line } of tokenize(source)) {
        ok(line >= 1 && line <= lines);
        last = Math.max(last, line);
      }
      ok(last <= lines);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("text in a comment, a string or a heredoc adds no constant", () => {
  const hostile = fc.array(fc.oneof(
    fc.constantFrom(
      '"',
      "'",
      "#{",
      "}",
      "MemoryStore",
      "<<-Z",
      "Z",
      "\\",
      "%(",
      "/",
      "\n",
      " ",
      "#",
    ),
    fc.string(),
  )).map((all) => all.join(""));
  const escaped = (text: string) => text.replace(/["\\#()]/g, (char) => BS + char);
  fc.assert(
    fc.property(hostile, (text) => {
      const line = text.replaceAll("\n", " ");
      const body = text.split("\n").map((each) => `  .${each}`).join("\n");
      const between = [
        `# ${line}`,
        `x = "${escaped(text)}"`,
        `x = %(${escaped(text)})`,
        `x = :"${escaped(text)}"`,
        `x = <<-'Z'.strip\n${body}\n  Z`,
        `x = <<-Z\n${escaped(body)}\n  Z`,
      ];
      for (const source of between) deepEqual(constants(`A\n${source}\nB`), ["A", "B"], source);
    }),
    { numRuns: 500 },
  );
});

/** Whatever the machine: what looks at a text again and again takes thousands of times longer. */
function assertFast(piece: string, length: number): void {
  const time = (part: string) => {
    const source = part.repeat(Math.ceil(length / part.length));
    const start = performance.now();
    tokenize(source);
    return performance.now() - start;
  };
  const [took, usual] = [time(piece), time('user.name("a", 1)\n')];
  ok(took < 50 * usual, `${JSON.stringify(piece)}: ${took} ms, against ${usual} ms`);
}

Deno.test("a megabyte of what nests or never ends is read at once", () => {
  for (const piece of ["(", "#{", '"#{', "%(", "%(#{", '"', "'", "`"]) assertFast(piece, 1e6);
});

Deno.test("the time to read a text grows with its length alone", () => {
  const pieces = String
    .raw`/ \ : :" <<-A <<-'A <<-' '\u{ \u{1 "\u{1 %w( # a A:: 0 1e x/\/ "\x41 @ {% %} é`;
  const lines = ["<<-A ", "<<-A\n", "<<-A\n#{", "a /", "a.b /", "a /\\/", "\n", "\r", " ", "\t\n"];
  for (const piece of [...pieces.split(" "), ...lines]) assertFast(piece, 2e5);
});

Deno.test("the place of each token is known", () => {
  const source = 'A.new("x", <<-X, %w(a b)) # c\r\n  text\n  X\nfoo /a/, :b, \'c\'\n"#{a}"';
  const { spans } = locate(source);
  deepEqual(
    spans.map(({ start, end }) => source.slice(start, end)).join(" "),
    [
      ...'A . new ( "x" , <<-X , %w(a b) ) \n \n foo /a/ , :b , \'c\' \n " #{ a } }"'.split("_"),
    ].join(" "),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const { tokens, spans } = locate(text);
    const places = spans.flatMap(({ start, end }) => [start, end]);
    return spans.length === tokens.length && places.every((at) => at >= 0 && at <= text.length);
  }));
});
