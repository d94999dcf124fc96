# Lists what headers declare with MIG_API: "NAME documented|undocumented FILE:LINE".
#
# A declaration is documented when the comment just above it begins with "NAME - ", or when
# it is the release (x_close, x_free) of the call on the line above and that is documented.
FNR == 1 { forget() }

in_comment {
	comment = comment "\n" $0
	if (/\*\//) in_comment = 0
	next
}
/^[ \t]*\/\*/ {
	comment = $0
	if (!/\*\//) in_comment = 1
	next
}
/^MIG_API/ { declaration = ""; in_declaration = 1; line = FNR }
in_declaration {
	declaration = declaration " " $0
	if (/;/) report()
	next
}
{ forget(); undoable = 0 }	# a blank line too: the comment stands just above, or elsewhere

function forget() {
	comment = ""
	in_comment = in_declaration = 0
}

function report(   name) {
	name = declaration
	sub(/[ \t]*[(;].*/, "", name)
	sub(/.*[^A-Za-z0-9_]/, "", name)
	undoable = is_about(name) || (undoable && name ~ /_(close|free)$/)
	print name, (undoable ? "documented" : "undocumented"), FILENAME ":" line
	forget()
}

function is_about(name) {
	return comment ~ ("^[ \t]*/\\*\\*?[ \t\n]*(\\*[ \t]+)?" name " - ")
}
