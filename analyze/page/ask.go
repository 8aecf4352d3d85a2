package page

import (
	"context"

	"culprit/analyze/fleet"
)

// Ask asks a store for what the page says. perBar bounds the incidents that are listed
// of one cause and bar; where there are very many bars, fewer are.
func Ask(ctx context.Context, s *fleet.Store, filter fleet.Filter, perBar int) (f Fleet, err error) {
	f.Asked = filter
	if f.Tally, err = s.Tally(ctx, filter); err != nil {
		return f, err
	}
	if f.Extent, err = s.Extent(ctx, filter); err != nil {
		return f, err
	}
	if f.Causes, err = s.Top(ctx, filter); err != nil {
		return f, err
	}
	if f.Trend, err = s.Trend(ctx, filter); err != nil {
		return f, err
	}
	if f.Incidents, err = s.Incidents(ctx, filter, newAxis(f.Trend).weeks, f.perBar(perBar)); err != nil {
		return f, err
	}
	if f.Clusters, err = s.Unknown(ctx, filter, maxCompared); err != nil {
		return f, err
	}
	f.Compared = min(f.Tally.Silent, maxCompared)
	f.Unreadable, err = s.Unreadable(ctx, filter, maxUnreadable)
	return f, err
}

// perBar is how many incidents of one cause and bar keep the page within maxListed.
func (f Fleet) perBar(most int) int {
	lists := len(f.Causes) // those without a date
	for _, spans := range newAxis(f.Trend).counts {
		lists += len(spans)
	}
	return max(1, min(most, maxListed/max(lists, 1)))
}
