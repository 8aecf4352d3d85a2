package rules

import (
	_ "embed"
	"slices"

	"culprit/analyze/fact"
)

//go:embed ids.yaml
var idsYAML []byte

var roles = []string{string(RoleCause), string(RoleMechanism), string(RoleRouter), string(RoleSymptom)}

func keyKinds() []string {
	var kinds []string
	for _, k := range fact.KeyKinds {
		kinds = append(kinds, string(k))
	}
	return kinds
}

// loadIDs reads an id table: the built-in one, or the ids.yaml of a user's pack.
func loadIDs(file string, text []byte, into map[string]ID) error {
	d := parse(file, text)
	if d.root == nil {
		return d.err()
	}
	for _, f := range d.mapping(d.root, "the id table", nil) {
		if _, dup := into[f.key.Value]; dup {
			d.fail(f.key, "id %q is declared already", f.key.Value)
			continue
		}
		into[f.key.Value] = d.id(f)
	}
	return d.err()
}

func (d *document) id(f field) ID {
	id := ID{ID: f.key.Value}
	for _, v := range d.mapping(f.value, "id "+id.ID, []string{"role", "layer", "per", "latent", "aliases", "explained_by", "rivals", "meaning"}) {
		switch v.key.Value {
		case "role":
			id.Role = Role(d.oneOf(v.value, "role", roles))
		case "layer":
			id.Layer = d.oneOf(v.value, "layer", Layers)
		case "per":
			id.Per = fact.KeyKind(d.oneOf(v.value, "per", keyKinds()))
		case "latent":
			id.Latent = d.boolean(v.value, "latent")
		case "aliases":
			id.Aliases = d.strs(v.value, "aliases")
		case "explained_by":
			id.ExplainedBy = d.strs(v.value, "explained_by")
		case "rivals":
			id.Rivals = d.strs(v.value, "rivals")
		case "meaning":
			id.Meaning = d.str(v.value, "meaning")
		}
	}
	if id.Role == "" || id.Layer == "" || id.Per == "" || id.Meaning == "" {
		d.fail(f.key, "id %q needs role, layer, per and meaning", id.ID)
	}
	return id
}

// rank is the place of the id's layer among Layers.
func (id ID) rank() int { return slices.Index(Layers, id.Layer) }
