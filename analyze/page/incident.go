package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"culprit/analyze/fleet"
	"culprit/rules"
)

// incidentView is a result in a list.
type incidentView struct {
	Collected, Node, Nodes, Kernel, Daemons string
	// Confidence, Since and Summary are of the verdict that the list is of.
	Confidence, Since, Summary, Also string
	Path, Places, Hash, ShortHash    string
	Damage                           []string
	DamageSays                       string
	Open                             bool // the damage is all there is
}

// newIncident says what is kept of a bundle, with its verdict by a rule; "" takes the
// first finding, as of a bundle without a verdict.
func newIncident(k fleet.Kept, rule string) incidentView {
	v := incidentView{Collected: "unknown", Hash: clip(k.Hash, nameLength), Node: "unknown node"}
	if len(k.Nodes) > 0 {
		n := k.Nodes[0]
		v.Node, v.Kernel, v.Daemons = clip(cmp.Or(n.Name, v.Node), nameLength), clip(n.Kernel, nameLength), daemons(n.Daemons)
		if !n.Collected.IsZero() {
			v.Collected = n.Collected.UTC().Format("2006-01-02 15:04")
		}
		if more := len(k.Nodes) - 1; more > 0 {
			v.Nodes = "and " + plural(int64(more), "more node")
		}
	}
	v.ShortHash = fmt.Sprintf("%.12s", v.Hash)
	if len(k.Places) > 0 {
		v.Path = clip(k.Places[0], pathLength)
		if more := len(k.Places) - 1; more > 0 {
			v.Places = "and " + plural(int64(more), "other place")
		}
	}
	for _, line := range k.Damage[:min(len(k.Damage), maxDamage)] {
		v.Damage = append(v.Damage, clip(line, textLength))
	}
	v.Open = k.Status == fleet.Unreadable
	if n := len(k.Damage); n > 0 {
		v.DamageSays = fmt.Sprintf("%s: %s", k.Status, plural(int64(n), "problem"))
		if n > maxDamage {
			v.Damage = append(v.Damage, fmt.Sprintf("and %d more", n-maxDamage))
		}
	}
	v.verdict(k.Findings, rule)
	return v
}

// verdict takes the first verdict of the rule, and names those of others.
func (v *incidentView) verdict(findings []fleet.Finding, rule string) {
	var also []string
	for _, f := range findings {
		switch {
		case rule != "" && !f.Verdict:
		case rule != "" && f.Rule != rule:
			also = append(also, clip(f.Rule, nameLength))
		case v.Confidence == "":
			v.Confidence, v.Summary = clip(f.Confidence, nameLength), clip(f.Summary, textLength)
			if !f.Since.IsZero() {
				v.Since = f.Since.UTC().Format("2006-01-02 15:04")
			}
		}
	}
	slices.Sort(also)
	v.Also = strings.Join(slices.Compact(also), ", ")
}

// daemons are the versions in the order of the names.
func daemons(versions map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		if len(out) == maxDaemons {
			out = append(out, fmt.Sprintf("and %d more", len(versions)-maxDaemons))
			break
		}
		out = append(out, clip(name+" "+versions[name], nameLength))
	}
	return strings.Join(out, ", ")
}

func kept(all []fleet.Kept) (out []incidentView) {
	for _, k := range all {
		out = append(out, newIncident(k, ""))
	}
	return out
}

// unknownView is what is said of results without a verdict.
type unknownView struct {
	Clusters []clusterView
	// Alone are like no other; Hidden clusters are not listed. Compared is set where not
	// all were looked at, Bare where some have nothing to compare.
	Alone                           clusterView
	Total                           int64
	Hidden, Compared, Bare, Command string
}

// clusterView are results that are alike.
type clusterView struct {
	Name    string
	Common  []string
	More    string // features
	Members []incidentView
	Left    string // members
}

func (f Fleet) unknown() unknownView {
	v := unknownView{Total: f.Tally.Silent}
	var alone []fleet.Kept
	seen, hidden := int64(0), int64(0)
	for _, c := range f.Clusters {
		seen += int64(len(c.Bundles))
		switch {
		case len(c.Bundles) == 1:
			alone = append(alone, c.Bundles[0])
		case len(v.Clusters) == maxClusters:
			hidden++
		default:
			v.Clusters = append(v.Clusters, newCluster(fmt.Sprintf("%d alike", len(c.Bundles)), c.Bundles, c.Common))
		}
	}
	v.Alone = newCluster(plural(int64(len(alone)), "bundle")+" like no other", alone, nil)
	switch {
	case f.Tally.Silent > f.Compared:
		v.Compared = fmt.Sprintf("Of %s without a verdict %s were compared, picked by their hashes.", plural(f.Tally.Silent, "bundle"), rules.Thousands(f.Compared))
	case f.Tally.Silent > seen:
		v.Bare = plural(f.Tally.Silent-seen, "bundle") + " had nothing to compare: no stacks, signatures or waits."
	}
	if hidden > 0 {
		v.Hidden = plural(hidden, "smaller cluster")
	}
	if shortened := func(c clusterView) bool { return c.Left != "" }; hidden > 0 || v.Compared != "" || shortened(v.Alone) || slices.ContainsFunc(v.Clusters, shortened) {
		v.Command = command("unknown --limit 1000", f.Asked)
	}
	return v
}

func newCluster(name string, bundles []fleet.Kept, common []string) clusterView {
	c := clusterView{Name: name, Members: kept(bundles[:min(len(bundles), maxMembers)])}
	for _, feature := range common[:min(len(common), maxCommon)] {
		c.Common = append(c.Common, clip(feature, pathLength))
	}
	if more := len(common) - len(c.Common); more > 0 {
		c.More = fmt.Sprintf("and %d more that are commoner in the store", more)
	}
	if left := len(bundles) - len(c.Members); left > 0 {
		c.Left = fmt.Sprintf("and %d more", left)
	}
	return c
}
