package rules

import (
	"regexp"

	"culprit/analyze/fact"
)

var signatureKeys = []string{"id", "daemons", "pattern", "means", "states_cause", "exec", "debug", "example", "near_miss", "versions", "refs"}

// loadSignatures reads one signature file: a list of log texts.
func loadSignatures(file string, text []byte, into map[string]*fact.Signature) ([]*fact.Signature, error) {
	d := parse(file, text)
	if d.root == nil {
		return nil, d.err()
	}
	var out []*fact.Signature
	for _, n := range d.sequence(d.root, "a signature file") {
		sig := &fact.Signature{}
		for _, f := range d.mapping(n, "a signature", signatureKeys) {
			switch f.key.Value {
			case "id":
				sig.ID = d.str(f.value, "id")
			case "daemons":
				sig.Daemons = d.strs(f.value, "daemons")
			case "pattern":
				sig.Pattern = d.str(f.value, "pattern")
			case "means":
				sig.Means = d.str(f.value, "means")
			case "states_cause":
				sig.StatesCause = d.boolean(f.value, "states_cause")
			case "exec":
				if sig.Exec = d.str(f.value, "exec"); sig.Exec != fact.ExecStarts && sig.Exec != fact.ExecFails {
					d.fail(f.value, "exec is %s or %s", fact.ExecStarts, fact.ExecFails)
				}
			case "debug":
				sig.Debug = d.boolean(f.value, "debug")
			case "example":
				sig.Example = d.str(f.value, "example")
			case "near_miss":
				sig.NearMiss = d.str(f.value, "near_miss")
			case "versions":
				sig.Versions = d.str(f.value, "versions")
			case "refs":
				sig.Refs = d.strs(f.value, "refs")
			}
		}
		d.checkSignature(n.Line, sig)
		if old := into[sig.ID]; old != nil {
			d.errs = append(d.errs, d.at(n.Line, n.Column, "signature "+sig.ID+" is declared already"))
			continue
		}
		into[sig.ID] = sig
		out = append(out, sig)
	}
	return out, d.err()
}

// checkSignature holds the pattern against its own example and near miss.
func (d *document) checkSignature(line int, sig *fact.Signature) {
	fail := func(text string) { d.errs = append(d.errs, d.at(line, 3, "signature "+sig.ID+" "+text)) }
	if !kebab.MatchString(sig.ID) {
		fail("needs an id in kebab-case")
	}
	if sig.Pattern == "" || sig.Means == "" || sig.Example == "" || sig.NearMiss == "" {
		fail("needs pattern, means, example and near_miss")
		return
	}
	err := checkPattern(sig.Pattern)
	var re *regexp.Regexp
	if err == nil {
		re, err = regexp.Compile(sig.Pattern)
	}
	switch {
	case err != nil:
		fail("has a bad pattern: " + err.Error())
	case re.MatchString(""):
		fail("has a pattern that matches an empty line")
	case !re.MatchString(sig.Example):
		fail("does not match its example")
	case re.MatchString(sig.NearMiss):
		fail("matches its near miss")
	}
}
