"""Names bound to meanings."""

# Each entry: (weight, names). Lists: parameter, item, words for several, word for one.
INTEGERS = [(4, "n"), (3, "x"), (3, "number"), (2, "value"), (1, "num"), (1, "k"), (1, "i")]
PAIRS = [
    (4, ("a", "b", "c")),
    (3, ("x", "y", "z")),
    (2, ("first", "second", "third")),
    (1, ("m", "n", "k")),
    (1, ("p", "q", "r")),
    (1, ("left", "right", "middle")),
    (1, ("one", "other", "last")),
    (1, ("num1", "num2", "num3")),
]
INTEGER_LISTS = [
    (6, ("numbers", "number", "numbers", "number")),
    (3, ("values", "value", "values", "value")),
    (3, ("nums", "num", "numbers", "number")),
    (2, ("lst", "x", "numbers", "number")),
    (2, ("arr", "x", "numbers", "number")),
    (1, ("xs", "x", "numbers", "number")),
    (1, ("data", "value", "values", "value")),
    (1, ("integers", "i", "integers", "integer")),
    (1, ("integers", "integer", "integers", "integer")),
    (1, ("levels", "level", "levels", "level")),
    (1, ("balances", "balance", "balances", "balance")),
    (1, ("readings", "reading", "readings", "reading")),
    (1, ("offsets", "offset", "offsets", "offset")),
    (1, ("amounts", "amount", "amounts", "amount")),
    (1, ("temperatures", "temperature", "temperatures", "temperature")),
    (1, ("measurements", "measurement", "measurements", "measurement")),
]
SECOND_LISTS = [
    (2, ("others", "other", "others", "other")),
    (1, ("more", "extra", "more", "extra")),
    (1, ("ys", "y", "ys", "y")),
]
ITEM_LISTS = [
    (4, ("items", "item", "items", "item")),
    (2, ("elements", "element", "elements", "element")),
    (2, ("values", "value", "values", "value")),
    (2, ("lst", "item", "items", "item")),
    (1, ("seq", "element", "elements", "element")),
    (1, ("xs", "x", "items", "item")),
    (1, ("entries", "entry", "entries", "entry")),
    (1, ("arr", "element", "elements", "element")),
]
WORD_LISTS = [
    (5, ("words", "word", "words", "word")),
    (3, ("strings", "s", "strings", "string")),
    (2, ("names", "name", "names", "name")),
    (1, ("lines", "line", "lines", "line")),
    (1, ("titles", "title", "titles", "title")),
    (1, ("texts", "text", "texts", "text")),
    (1, ("tokens", "token", "tokens", "token")),
]
# Parameter and how a sentence may speak of it.
TEXTS = [
    (3, ("text", ("text", "the text", "the given text"))),
    (3, ("s", ("s", "the string s", "the string", "the given string"))),
    (2, ("string", ("string", "the string", "the given string"))),
    (1, ("sentence", ("sentence", "the sentence"))),
    (1, ("line", ("line", "the line"))),
    (1, ("word", ("word", "the word", "the given word"))),
    (1, ("message", ("message", "the message"))),
    (1, ("name", ("name", "the name"))),
]
SECOND_TEXTS = [(1, ("other", ("other",))), (1, ("t", ("t",))), (1, ("second", ("second",)))]
# Parameter, key, value, keys, values.
MAPPINGS = [
    (3, ("scores", "name", "score", "names", "scores")),
    (2, ("prices", "item", "price", "items", "prices")),
    (2, ("ages", "name", "age", "names", "ages")),
    (2, ("stock", "product", "quantity", "products", "quantities")),
    (2, ("counts", "key", "count", "keys", "counts")),
    (3, ("d", "key", "value", "keys", "values")),
    (2, ("mapping", "key", "value", "keys", "values")),
    (1, ("points", "player", "score", "players", "scores")),
    (1, ("inventory", "item", "amount", "items", "amounts")),
]
TUPLE_LISTS = [
    (2, ("pairs", "key", "value", "keys", "values")),
    (1, ("records", "name", "score", "names", "scores")),
    (1, ("entries", "name", "amount", "names", "amounts")),
    (1, ("orders", "product", "quantity", "products", "quantities")),
]
GRIDS = [
    (3, ("matrix", "row", "value")),
    (3, ("grid", "row", "cell")),
    (1, ("table", "row", "value")),
    (1, ("rows", "row", "number")),
    (1, ("board", "line", "cell")),
]
LOCALS = {
    "total": [(4, "total"), (2, "result"), (1, "acc"), (1, "answer"), (1, "running")],
    "result": [(5, "result"), (1, "output"), (1, "found"), (1, "collected"), (1, "out"), (1, "res")],
    "count": [(5, "count"), (1, "total"), (1, "counter"), (1, "tally"), (1, "cnt")],
    "char": [(3, "char"), (2, "c"), (2, "ch"), (1, "letter"), (1, "character")],
}
