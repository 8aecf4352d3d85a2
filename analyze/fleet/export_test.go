package fleet

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// each yields results, and err after them unless it is nil.
func each(err error, results ...Kept) iter.Seq2[Kept, error] {
	return func(yield func(Kept, error) bool) {
		for _, k := range results {
			if !yield(k, nil) {
				return
			}
		}
		if err != nil {
			yield(Kept{}, err)
		}
	}
}

// hostile is a result whose every text comes from somebody who means harm.
func hostile() Kept {
	return Kept{Places: []string{"/b/\xff\xfe.tar", "/b/a\nb\x00c.tar"}, Result: Result{
		Hash: "unreadable /b/\xff", Version: "1", Rules: "r", Status: Damaged,
		Nodes: []Node{
			{Name: "=cmd|' /C calc'!A0", Kernel: "\t=1+1", OS: "\x1b[2J", Daemons: map[string]string{"@SUM(A1)": "\x80", "b": "-1"}},
			{Name: "second"}},
		Findings: []Finding{
			{Rule: "a", Role: "cause", Severity: "critical", Confidence: "certain", Status: "active", Verdict: true, Summary: "a \"quoted\", cut\r\nline\u202e", Since: time.Date(1, 1, 1, 0, 0, 1, 999, time.UTC)},
			{Rule: "b", Summary: strings.Repeat("é\x00", 70_000)}}}}
}

func bare() Kept {
	return Kept{Places: []string{"/b/bare"}, Result: Result{Hash: "00", Version: "1", Rules: "r", Status: Unreadable}}
}

// readParquet is what a file holds, and of each row which columns are null.
func readParquet(t testing.TB, raw []byte) (rows []row, nulls []string) {
	t.Helper()
	rows, err := parquet.Read[row](bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	columns := file.Schema().Columns()
	for _, group := range file.RowGroups() {
		in := group.Rows()
		defer in.Close()
		for next := make([]parquet.Row, 1); ; {
			n, err := in.ReadRows(next)
			if n == 1 {
				var of []string
				for _, v := range next[0] {
					if v.IsNull() {
						of = append(of, columns[v.Column()][0])
					}
				}
				nulls = append(nulls, strings.Join(of, " "))
			}
			if err != nil {
				break
			}
		}
	}
	return rows, nulls
}

func TestRows(t *testing.T) {
	rows := rowsOf(hostile())
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	r := rows[0]
	if want := []string{"/b/\ufffd.tar", "/b/a\nb\x00c.tar"}; !slices.Equal(r.Paths, want) || r.Hash != "unreadable /b/\ufffd" {
		t.Errorf("paths %q, hash %q", r.Paths, r.Hash)
	}
	if r.Nodes != 2 || *r.Node != "=cmd|' /C calc'!A0" || r.Daemons["@SUM(A1)"] != "\ufffd" || r.Collected != nil {
		t.Errorf("%+v", r)
	}
	if *r.Rule != "a" || !*r.Verdict || *rows[1].Verdict || *r.Since != -62135596799000000 || rows[1].Since != nil {
		t.Errorf("%+v", r)
	}
	if rows := rowsOf(bare()); len(rows) != 1 || rows[0].Rule != nil || rows[0].Verdict != nil {
		t.Errorf("a result without findings: %+v", rows)
	}
}

func TestParquet(t *testing.T) {
	for _, tt := range []struct {
		name    string
		results []Kept
		nulls   []string
	}{
		{"no result", nil, nil},
		{"hostile", []Kept{hostile(), bare()}, []string{
			"collected",
			"collected role severity confidence finding_status since",
			noFinding}},
	} {
		var out bytes.Buffer
		if err := WriteParquet(&out, each(nil, tt.results...)); err != nil {
			t.Fatal(err)
		}
		var want []row
		for _, k := range tt.results {
			want = append(want, rowsOf(k)...)
		}
		got, nulls := readParquet(t, out.Bytes())
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%.1000s\nwant\n%.1000s", tt.name, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
		}
		if !slices.Equal(nulls, tt.nulls) {
			t.Errorf("%s: null are\n%s\nwant\n%s", tt.name, strings.Join(nulls, "\n"), strings.Join(tt.nulls, "\n"))
		}
	}
	broken := errors.New("broken")
	for name, write := range map[string]func(*bytes.Buffer) error{
		"parquet": func(w *bytes.Buffer) error { return WriteParquet(w, each(broken, bare())) },
		"csv":     func(w *bytes.Buffer) error { return WriteCSV(w, each(broken, bare())) },
		"lines":   func(w *bytes.Buffer) error { return WriteLines(w, each(broken, bare())) },
	} {
		if err := write(&bytes.Buffer{}); !errors.Is(err, broken) {
			t.Errorf("%s of a store that cannot be read: %v", name, err)
		}
	}
}

// The results of the samples come out as they are in the store, in row groups, the same
// bytes each time.
func TestExportSamples(t *testing.T) {
	s := newStore(t)
	fill(t, s)
	var want []row
	var kept []Kept
	for k, err := range s.All(t.Context(), Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		kept, want = append(kept, k), append(want, rowsOf(k)...)
	}
	if len(want) <= len(kept) || len(kept) < 10 {
		t.Fatalf("%d rows of %d results", len(want), len(kept))
	}
	var first, second, table, lines bytes.Buffer
	for _, err := range []error{
		WriteParquet(&first, s.All(t.Context(), Filter{})), WriteParquet(&second, s.All(t.Context(), Filter{})),
		WriteCSV(&table, s.All(t.Context(), Filter{})), WriteLines(&lines, s.All(t.Context(), Filter{})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := readParquet(t, first.Bytes()); !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same store gives other bytes")
	}
	if cells, err := csv.NewReader(&table).ReadAll(); err != nil || len(cells) != len(want)+1 || cells[1][0] != want[0].Hash {
		t.Errorf("CSV: %d rows, %v", len(cells), err)
	}
	in := json.NewDecoder(&lines)
	for _, k := range kept {
		var got line
		if err := in.Decode(&got); err != nil || !reflect.DeepEqual(got, line{k.Places, k.Result}) {
			t.Fatalf("JSON: %+v, %v", got, err)
		}
	}
}

func TestCSV(t *testing.T) {
	var out bytes.Buffer
	if err := WriteCSV(&out, each(nil, hostile(), bare())); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 4 {
		t.Errorf("%d lines", n)
	}
	cells, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, c := range parquet.SchemaOf(row{}).Fields() {
		columns = append(columns, c.Name())
	}
	if !slices.Equal(cells[0], columns) {
		t.Errorf("columns %q, of Parquet %q", cells[0], columns)
	}
	want := []string{"unreadable /b/�", "/b/�.tar; /b/a�b�c.tar", "damaged", "2", "'=cmd|' /C calc'!A0", "�=1+1", "�[2J", "'@SUM(A1) �; b -1", "",
		"a", "cause", "critical", "certain", "true", "active", "a \"quoted\", cut��line�", "0001-01-01T00:00:01Z", "1", "r"}
	if !slices.Equal(cells[1], want) {
		t.Errorf("got  %q\nwant %q", cells[1], want)
	}
	if want := []string{"00", "/b/bare", "unreadable", "0", "", "", "", "", "", "", "", "", "", "", "", "", "", "1", "r"}; !slices.Equal(cells[3], want) {
		t.Errorf("got  %q\nwant %q", cells[3], want)
	}
	for text, want := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "  =1": "'  =1", "\u00a0=1": "'\u00a0=1", "＝1": "'＝1",
		"a=1": "a=1", "": "", " ": " ", "'": "'", "\t=1": "\ufffd=1", "\r=1": "\ufffd=1",
	} {
		if got := cell(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// Unknown values are null whatever stands before and after them: runs of all lengths at
// all places of a word of 64 bits.
func TestParquetNulls(t *testing.T) {
	var results []Kept
	var want []string
	for i := range 3 * groupRows {
		k, nulls := bare(), noFinding
		if run, at := 1+i/batchRows%31, i%batchRows%64; run <= at && at < 2*run {
			k.Findings = []Finding{{Rule: "r", Summary: "s"}}
			nulls = "node kernel os daemons daemons collected role severity confidence finding_status since"
		}
		results, want = append(results, k), append(want, nulls)
	}
	var out bytes.Buffer
	if err := WriteParquet(&out, each(nil, results...)); err != nil {
		t.Fatal(err)
	}
	_, got := readParquet(t, out.Bytes())
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("row %d: null are %s, want %s", i, got[i], want[i])
		}
	}
}

// noFinding are the columns that are null for bare.
const noFinding = "node kernel os daemons daemons collected rule role severity confidence verdict finding_status summary since"

// BenchmarkExport writes -results synthetic results.
func BenchmarkExport(b *testing.B) {
	kept := make([]Kept, *synthetic)
	for i := range kept {
		r := synth(i)
		kept[i] = Kept{r, []string{fmt.Sprintf("/archive/%s.tar.zst", r.Hash)}}
	}
	for b.Loop() {
		var out bytes.Buffer
		if err := WriteParquet(&out, each(nil, kept...)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(out.Len())/float64(len(kept)), "B/result")
	}
}
