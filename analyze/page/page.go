// Package page writes what a fleet's store says as one HTML file: the root causes, when
// they struck, and the incidents behind each bar. The file needs no network and no
// script: what is clicked is a link to an anchor, and CSS shows what the anchor names.
package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"

	"culprit/analyze/fleet"
)

// Fleet is what the page says. Same value, same bytes.
type Fleet struct {
	// Asked is what limited the questions.
	Asked  fleet.Filter
	Tally  fleet.Tally
	Extent fleet.Extent
	// Causes are the commonest first; Meaning says in a sentence what a rule stands for,
	// where that is known.
	Causes  []fleet.Cause
	Meaning map[string]string
	Trend   []fleet.Week
	// Incidents are those of Store.Incidents, with the spans of weeks that the bars of
	// Trend have.
	Incidents []fleet.Incident
	// Clusters are of results without a verdict, Compared of which were looked at.
	Clusters []fleet.Cluster
	Compared int64
	// Unreadable are some of the bundles that could not be read.
	Unreadable []fleet.Kept
}

// Bounds of the page, so that that of a million results can be mailed.
const (
	maxCauses     = 100  // rows of the table
	maxSlots      = 160  // bars of the chart
	maxEmpty      = 26   // empty bars in a row; a longer gap is drawn as a break
	maxListed     = 4000 // incidents, but for one a bar and cause
	maxClusters   = 20
	maxMembers    = 10 // of a cluster
	maxCommon     = 12 // features of a cluster
	maxCompared   = 500
	maxUnreadable = 20
	maxDamage     = 5 // lines of an incident
	maxDaemons    = 6 // of an incident
)

// PerBar is how many incidents are listed of one cause and bar unless Ask is told
// otherwise.
const PerBar = 5

var (
	//go:embed page.html.tmpl
	markup string
	//go:embed page.css
	style string

	tmpl = template.Must(template.New("page").Parse(markup))
)

// Write writes the page. The only errors are the writer's.
func (f Fleet) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	if err := tmpl.Execute(out, f.view()); err != nil {
		return err
	}
	return out.Flush()
}

// styleHash is what the page's Content-Security-Policy lets in, and nothing else.
func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
