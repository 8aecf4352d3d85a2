package rules

// untold is the reason where a row lacks the number or key that is judged.
const untold = "the evidence does not tell all values that are compared"

// count judges at_least, at_most and none.
func (c *Condition) count(p picked) Judgement {
	var truth Truth
	switch c.Word {
	case AtLeast:
		truth = p.weigh(c.Sum).atLeast(c.N)
	case AtMost:
		truth = p.weigh(c.Sum).atLeast(sum(c.N, 1)).Not()
	case None:
		rows := bounds{int64(len(p.passed)), int64(len(p.passed) + len(p.unsure))}
		if p.missing != "" {
			rows.hi = boundless
		}
		truth = rows.atLeast(1).Not()
	}
	return c.outcome(truth, p).because(untold)
}

// compare judges at_least_as_many (a >= b - slack) and paired.
func (c *Condition) compare(a, b picked) Judgement {
	wa, wb := a.weigh(c.Sum), b.weigh(c.Sum)
	truth := Unknown
	if c.Word == Paired {
		truth = c.paired(wa, wb)
	} else if wb.hi != boundless && wa.lo >= wb.hi-c.Slack {
		truth = True
	} else if wa.hi != boundless && wa.hi < wb.lo-c.Slack {
		truth = False
	}
	return c.outcome(truth, a, b).because(untold)
}

// paired holds for all numbers within the bounds when it holds for those furthest
// apart, and for none when it does not hold for the nearest.
func (c *Condition) paired(a, b bounds) Truth {
	near := func(small, large int64) bool { return large-small <= max(c.Slack, int64(c.Within*float64(large))) }
	switch {
	case a.hi < b.lo && !near(a.hi, b.lo), b.hi < a.lo && !near(b.hi, a.lo):
		return False
	case a.hi == boundless || b.hi == boundless:
		return Unknown
	case near(min(a.lo, b.hi), max(a.lo, b.hi)) && near(min(b.lo, a.hi), max(b.lo, a.hi)):
		return True
	}
	return Unknown
}
