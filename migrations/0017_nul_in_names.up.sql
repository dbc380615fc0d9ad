-- A NUL in a name is U+FFFD now: readers of the views ended the name at it, while the API told it whole.
-- Written `\u0000` where no backslash stands before it; that of an escaped backslash is spelt otherwise first.

UPDATE OR IGNORE dimension_sets
SET dimensions = replace(replace(dimensions, '\\', '\u005c'), '\u0000', '\ufffd')
WHERE instr(dimensions, '\u0000');

UPDATE OR IGNORE rollup_keys
SET dimension_values = replace(replace(dimension_values, '\\', '\u005c'), '\u0000', '\ufffd')
WHERE instr(dimension_values, '\u0000');
