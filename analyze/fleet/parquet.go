package fleet

import (
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
)

const (
	// groupRows are the rows of a row group, which is held in memory, compressed, until
	// it is written.
	groupRows = 20_000
	// batchRows are at least put into a row group at once: one by one costs a third more.
	batchRows = 200
)

// WriteParquet writes the findings of results as one Parquet file, a row each, in the
// order of the results; a result without findings has one row. The columns:
//
//	hash             string     SHA-256 of the bundle's content
//	paths            string[]   where the content lies, sorted
//	status           string     whole, damaged, unreadable: how the reading went
//	nodes            int32      nodes in the bundle
//	node             string     of the first node, as are the next four
//	kernel           string     its release
//	os               string
//	daemons          map        name to version: daemons['dockerd']
//	collected        timestamp  UTC, microseconds
//	rule             string     of the finding, as are the next seven; all null: none
//	role             string     cause, mechanism, router, symptom
//	severity         string
//	confidence       string     certain, likely, suspected
//	verdict          bool       true: a root cause
//	finding_status   string     active, latent
//	summary          string
//	since            timestamp  the earliest stamp of the evidence
//	culprit_version  string     of the tool that judged
//	rules_hash       string     of the rules that it judged with
//
// What is not known is null. Strings are UTF-8: what is not becomes U+FFFD; any other
// character stays, NUL too. Memory is that of one row group, whatever the number of
// results.
func WriteParquet(w io.Writer, results iter.Seq2[Kept, error]) error {
	out := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(groupRows))
	batch := []row{}
	put := func() error {
		_, err := out.Write(batch)
		clear(batch) // frees their texts
		batch = batch[:0]
		return err
	}
	for k, err := range results {
		if err != nil {
			return err
		}
		if batch = append(batch, rowsOf(k)...); len(batch) >= batchRows {
			if err := put(); err != nil {
				return err
			}
		}
	}
	if err := put(); err != nil {
		return err
	}
	return out.Close()
}
