package fleet

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// row is one line of the table that WriteParquet and WriteCSV write: a finding with what
// is known of its bundle. A bundle without findings has one row without one. What is not
// known is null, and a pointer: of other fields parquet-go writes some zeros as values
// where a run of nulls follows (parquet-go/parquet-go#154).
type row struct {
	Hash   string   `parquet:"hash"`        // SHA-256 of the content
	Paths  []string `parquet:"paths,list"`  // where the content lies, sorted
	Status string   `parquet:"status,dict"` // whole, damaged, unreadable

	// Of the bundle's first node; Nodes says how many it has.
	Nodes     int32             `parquet:"nodes"`
	Node      *string           `parquet:"node,optional,dict"`
	Kernel    *string           `parquet:"kernel,optional,dict"`
	OS        *string           `parquet:"os,optional,dict"`
	Daemons   map[string]string `parquet:"daemons" parquet-key:",dict" parquet-value:",dict"` // name to version
	Collected *int64            `parquet:"collected,optional,timestamp(microsecond)"`

	// Of the finding.
	Rule          *string `parquet:"rule,optional,dict"`
	Role          *string `parquet:"role,optional,dict"`
	Severity      *string `parquet:"severity,optional,dict"`
	Confidence    *string `parquet:"confidence,optional,dict"`
	Verdict       *bool   `parquet:"verdict,optional"`
	FindingStatus *string `parquet:"finding_status,optional,dict"` // active, latent
	Summary       *string `parquet:"summary,optional"`
	Since         *int64  `parquet:"since,optional,timestamp(microsecond)"` // earliest stamp of the evidence

	Version string `parquet:"culprit_version,dict"`
	Rules   string `parquet:"rules_hash,dict"`
}

// rowsOf are the rows of a result. Their strings are UTF-8: a byte that is not becomes
// U+FFFD.
func rowsOf(k Kept) []row {
	node, daemons := k.first()
	of := row{
		Hash: utf(k.Hash), Paths: []string{}, Status: utf(string(k.Status)), Nodes: int32(len(k.Nodes)),
		Node: text(node.Name), Kernel: text(node.Kernel), OS: text(node.OS), Daemons: map[string]string{}, Collected: micros(node.Collected),
		Version: utf(k.Version), Rules: utf(k.Rules),
	}
	for _, path := range k.Places {
		of.Paths = append(of.Paths, utf(path))
	}
	for name, version := range daemons {
		of.Daemons[utf(name)] = utf(version)
	}
	if len(k.Findings) == 0 {
		return []row{of}
	}
	rows := make([]row, len(k.Findings))
	for i, f := range k.Findings {
		r := of
		r.Rule, r.Role, r.Severity, r.Confidence = text(f.Rule), text(f.Role), text(f.Severity), text(f.Confidence)
		r.Verdict, r.FindingStatus, r.Summary, r.Since = &f.Verdict, text(f.Status), text(f.Summary), micros(f.Since)
		rows[i] = r
	}
	return rows
}

func utf(s string) string { return strings.ToValidUTF8(s, string(unicode.ReplacementChar)) }

// text is nil for an unknown text.
func text(s string) *string {
	if s == "" {
		return nil
	}
	s = utf(s)
	return &s
}

// micros are those since 1970, nil for an unknown time. A time.Time would be written
// wrong before 1678 and after 2262.
func micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

// WriteCSV writes the table that WriteParquet does, with a header, for people and
// spreadsheets. Paths and daemons are joined by "; ", times are RFC 3339, null is empty.
// A character that is not printed, a line break among them, becomes U+FFFD: one row is
// one line. What a spreadsheet would take for a formula begins with an apostrophe, since
// names and texts come from the bundle.
func WriteCSV(w io.Writer, results iter.Seq2[Kept, error]) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	for k, err := range results {
		if err != nil {
			return err
		}
		for _, r := range rowsOf(k) {
			if err := out.Write(r.cells()); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

var csvHeader = []string{"hash", "paths", "status", "nodes", "node", "kernel", "os", "daemons", "collected",
	"rule", "role", "severity", "confidence", "verdict", "finding_status", "summary", "since", "culprit_version", "rules_hash"}

// cells are in the order of csvHeader.
func (r row) cells() []string {
	verdict := ""
	if r.Verdict != nil {
		verdict = strconv.FormatBool(*r.Verdict)
	}
	var daemons []string
	for _, name := range slices.Sorted(maps.Keys(r.Daemons)) {
		daemons = append(daemons, name+" "+r.Daemons[name])
	}
	cells := []string{r.Hash, strings.Join(r.Paths, "; "), r.Status, strconv.Itoa(int(r.Nodes)), orEmpty(r.Node), orEmpty(r.Kernel), orEmpty(r.OS), strings.Join(daemons, "; "), timeCell(r.Collected),
		orEmpty(r.Rule), orEmpty(r.Role), orEmpty(r.Severity), orEmpty(r.Confidence), verdict, orEmpty(r.FindingStatus), orEmpty(r.Summary), timeCell(r.Since), r.Version, r.Rules}
	for i, c := range cells {
		cells[i] = cell(c)
	}
	return cells
}

// cell is a text that is one line and no formula.
func cell(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, unicode.IsSpace)); strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + s
	}
	return s
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func timeCell(micros *int64) string {
	if micros == nil {
		return ""
	}
	return time.UnixMicro(*micros).UTC().Format(time.RFC3339Nano)
}

// WriteLines writes each result as one line of JSON, all that is kept of it, with the
// paths of its content.
func WriteLines(w io.Writer, results iter.Seq2[Kept, error]) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	for k, err := range results {
		if err != nil {
			return err
		}
		if err := lines.Encode(line{k.Places, k.Result}); err != nil {
			return err
		}
	}
	return out.Flush()
}

type line struct {
	Paths []string `json:"paths"`
	Result
}
