# Student's t, means of few values and paired differences as SciPy has them, for test/evaluate/means.test.ts:
#   python scripts/golden/intervals.py > test/fixtures/evaluate/intervals.json
# Made with SciPy 1.17.1 and NumPy.
import json

import numpy
from scipy import stats


def interval(values):
    low, high = stats.t.interval(0.95, len(values) - 1, loc=numpy.mean(values), scale=stats.sem(values))
    return [float(numpy.mean(values)), float(low), float(high)]


draw = numpy.random.default_rng(11)
degrees = [1, 2, 3, 4, 5, 6, 7, 9, 10, 19, 30, 99, 1000]
samples = [[round(float(x), 4) for x in draw.normal(2.5, 0.2, size)] for size in [2, 3, 4, 5, 12]]
pairs = []
for size in [3, 5, 8]:
    # What a pair has in common is much more than what its two differ in.
    common = draw.normal(3, 1, size)
    first, second = (
        [round(float(x), 4) for x in common + draw.normal(shift, 0.05, size)] for shift in [0, 0.1]
    )
    test = stats.ttest_rel(first, second)
    low, high = test.confidence_interval(0.95)
    difference = [float(numpy.mean(first) - numpy.mean(second)), float(low), float(high)]
    pairs.append({"first": first, "second": second, "difference": difference})
golden = {
    "quantiles": [[df, float(stats.t.ppf(0.975, df))] for df in degrees],
    "means": [{"values": values, "interval": interval(values)} for values in samples],
    "pairs": pairs,
}
print(json.dumps(golden, indent=1))
