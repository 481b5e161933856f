// The shapes of Crystal's tokens, as its compiler's own lexer has them. All are sticky.

/** What separates tokens and is none: spaces, a comment, an escaped line break. */
export const BLANK = /[ \t\r\f\v\ufeff]+|#[^\n]*|\\\r?\n/y;
/** The names of types and constants. */
export const CONSTANT = /\p{Lu}[\w\u00a0-\u{10ffff}]*/uy;
/** Instance, class and global variables. */
export const VARIABLE = /(?:@@?|\$)[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff]*|\$[~?]/y;
/** Local variables, methods and keywords; `a!=b` is a comparison. */
export const NAME = /[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff]*(?:[?!](?!=))?/y;
/** Numbers of any base with their suffix; `1..2` is a range. */
export const NUMBER = /\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?\w*/y;
/** A character between single quotes. */
export const CHAR =
  /'(?:\\(?:u\{[0-9a-fA-F]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{1,3}|.)|[^\\'\n])'/uy;
/** A symbol without quotes, which may be an operator's name. */
export const SYMBOL =
  /:((?:[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff]*(?:[?!](?!=)|=(?![=~>]))?|\[\][=?]?)|<=>|===?|=~|![=~]?|<[=<]?|>[=>]?|&?\*\*?|\/\/?|&?[+-]|[&|^~%])/y;
/** The longest operator here, or any one character. */
export const OPERATOR =
  /<=>|===|\.\.\.|(?:\*\*|\/\/|<<|>>|\|\||&&)=?|[=!]~|[=-]>|::|\.\.|\{%|%\}|[=!<>+\-*\/%&|^]=|@\[|[^]/uy;

/** The keywords after which an operand comes. */
export const BEFORE_OPERAND = new Set(
  ("if unless while until when case return in then else elsif do begin yield break next rescue " +
    "ensure select of out include extend require").split(" "),
);
/** The keywords that end a value. */
export const VALUES = new Set(["end", "self", "nil", "true", "false", "super"]);
