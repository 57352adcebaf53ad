"""What a teacher says at each prediction: notebook -> name of the guess -> (the tempting guess, the sentence to say).

Without figures: what came is measured (`data/outcomes.csv`), and set beside these.
"""

SAID = {
    "00_start_here": {
        "retention": (
            "far below: small means dumb",
            "Leave it on the board: 01 answers it.",
        ),
        "bits": (
            "at 8, or at 1",
            "Leave it on the board until 02. What would you count: right answers, or changed ones?",
        ),
        "escalated": (
            "half of all requests",
            "Leave it on the board: 04 answers it. To match the cloud is one thing, to close most of the gap another.",
        ),
        "slowest_device": (
            "two or three times",
            "A ratio is of two numbers: ask which unit ran each before you believe it.",
        ),
        "pocket_ms": (
            "tens of milliseconds",
            "The model is small enough that the machine hardly notices it. Where would you still send it to a server?",
        ),
        "examples_needed": (
            "about a hundred",
            "Half the width costs four times the examples. Ask that of the next accuracy somebody shows you.",
        ),
    },
    "01_distillation": {
        "retention": (
            "two thirds",
            "One convolution keeps nearly all labels. What it loses, one number does not show: section 6.",
        ),
        "zero_shot": (
            "nearly all: it is a good encoder",
            "Tuned to the task, the same weights do far more. General is not free.",
        ),
        "same_sentences": (
            "many points",
            "A teacher that is certain tells no more than the label. It must be asked where it doubts.",
        ),
        "gain": (
            "little, after the last result",
            "The gain comes from what the teacher is asked, not from a trick in the loss.",
        ),
        "transfer": (
            "nothing: the sentences are others",
            "You choose what the teacher is asked, so you choose what the student hears.",
        ),
        "smaller": ("tens of times", "Compare bundles, tokenizer and all: that is what a phone downloads."),
        "calls": (
            "the same share as of labels",
            "A user gets calls, not labels. A call pays for every slot that is lost.",
        ),
        "below_half": ("2", "Temperature changes how sure it sounds, never what it says."),
        "highest_bar": ("99", "The interval decides, not the dot. One step further costs many times the size."),
        "mended": (
            "few: it has learned nonsense",
            "It learned everything, in other names. A falling loss says that it copies, not that it is right.",
        ),
    },
    "02_quantization": {
        "flips_at_4_bits": ("most", "Fifteen values are enough for most answers, if each channel has its own scale."),
        "block_error": ("about the same", "The largest weight sets the step for all that share its scale."),
        "int8_faster": (
            "four times: a quarter of the bytes",
            "Fewer bits are faster only where processor, runtime and graph all play along. Measure.",
        ),
        "safe_bits": ("8", "One bit less and no sum can saturate. Nothing would have warned you."),
        "bits": (
            "at 8, or at 1",
            "Accuracy shows a plateau and a cliff; the changed answers show the slope that leads there.",
        ),
        "aware_2_bits": ("hardly any", "Weights that know of the rounding settle where it does no harm."),
        "changed_at_once": (
            "the sum",
            "Changed answers do not add up: the same request is counted for every layer. Divergences nearly do.",
        ),
        "plan_saves": ("a tenth", "A few bytes in the right layer save more than a bit everywhere."),
        "two_bits_bytes": (
            "half",
            "The quantizer did what it could and kept silent about the rest. Compute the size first.",
        ),
    },
    "03_export": {
        "coreml_share": (
            "most of them",
            "The generous file is the one that the accelerator refuses. The app would have worked, on the CPU.",
        ),
        "wrong_files": ("one", "A test with the example at hand would have shipped all four."),
        "fusing": ("half of it", "Fusions remove small nodes; the large products stay, and they decide."),
        "pieces": ("two or three", "Each stop at the CPU cuts the graph. Count the pieces, not only the share."),
        "absent": (
            "all of them",
            "None fails, all are slow, and nobody is told. Is slow better than nothing? Write it down as a setting.",
        ),
        "openvino": ("twice", "Which runtime is fastest? Of which model, on which machine?"),
        "kept_bits": ("all 23", "Sixteen-bit numbers would do here, and you know it because you looked."),
        "transposed": ("the same: it is the same numbers", "The same work, and a copy that no log mentions."),
        "cold": ("twice", "The network is the same. What differs is what must be loaded before it can speak."),
        "teacher_share": (
            "all of them",
            "The share is the checker's word on operators. Whether it is fast, only the phone can say.",
        ),
    },
    "04_routing": {
        "gap_recovered": (
            "20 %: as many as were sent",
            "Who sends the unsure ones first gets more than their share back.",
        ),
        "sure_and_wrong": (
            "hardly any",
            "Sure and wrong is a combination that exists. A score does not know what it does not know.",
        ),
        "escalated": (
            "a third",
            "To match the cloud everywhere you send nearly everything; most of the gap costs far less.",
        ),
        "ruled": ("still a half", "One label for 'not mine' is worth more than the choice of a score."),
        "broken": (
            "5",
            "A promise on average is broken on many sets; one that holds each time costs more. Which did you sell?",
        ),
        "drift": ("3, as promised", "A promise holds for requests like those it was set on. These are not."),
        "week": ("3, as promised", "Look at which tool is corrected before you touch the threshold."),
        "leaving": ("none: they are replaced", "What the tagger misses leaves. Redaction is one model's opinion."),
        "product": (
            "near the cheapest of the table",
            "Room was paid for, on purpose: the judge's requests are not yours.",
        ),
        "smallest_set": ("hundreds", "With too few examples the only promise that holds is to send everything away."),
        "unasked": ("none: it is certain", "Stakes belong to the tool, not to the score."),
    },
    "05_measurement": {
        "fleet_p95": ("the same, or twice", "Four honest tables give four answers. Ask which app each one is for."),
        "caches": ("hardly", "What ran before is part of the number. Say which."),
        "least_p99": ("100", "A p99 of a hundred samples is a number, not a measurement."),
        "alarms": (
            "5 %, by the interval's own promise",
            "Samples in a row are not independent: the machine has moods.",
        ),
        "nulls": ("none, or half", "Measure A against A first. If that is not quiet, nothing after it means anything."),
        "rounds": ("20", "What your benchmark cannot see may be there all the same."),
        "waits": ("about the same", "The model did not get slower; the queue did."),
        "first_answer": ("ten times", "Most people only ever meet the first answer."),
        "keep_up": ("nearly all", "The mix of phones is an assumption: write it beside the number."),
        "busiest": ("80 %", "A busy server is a slow one, long before it is full."),
        "budget": ("three times", "The reading of the table moves the budget more than the phones do."),
    },
    "06_tiers": {
        "w8a16_s25": (
            "half: half of the bits",
            "A smaller model many times slower: that is no model, that is a fallback.",
        ),
        "entry_npu": ("two or three times", "Like with like still leaves a large factor. Now it is the chip's."),
        "qnn_accuracy": ("60, as in torch", "Latency without accuracy is half a number."),
        "calls_changed": ("dozens", "A repair is a change of the model. You know what it did because you compared."),
        "decode_8b": ("half of the wall", "Memory sets the wall; none of the published figures passes it."),
        "paused_p99": ("twice the work", "The work stays; the wait moves. People see the wait."),
        "browser_p50": ("a hundred times", "The same file, in a browser, without a server. Small models travel."),
        "phone_p50": ("a hundred times", "Look at the spread in the room before you look at the mean."),
        "turned_int8": ("a quarter", "Larger and slower, and nothing warned: look into the file."),
        "read_int8": ("nearly all", "By size alone it would have shipped, blind."),
        "entry_worst": (
            "the ratio of before",
            "With six features one exception breaks the promise: plan for the worst, not the mean.",
        ),
    },
    "07_personalization": {
        "prototypes": (
            "few: nothing is trained",
            "An average of what phrases look like is a model, too, and it is there at once.",
        ),
        "cache": ("half", "It remembers and does not understand. That is what it is for."),
        "adapter_kb": ("megabytes", "Two thin matrices. Count them before you count copies."),
        "people_mb": ("gigabytes", "A thousand adapters take the room of one or two copies of the model."),
        "learn_s": ("minutes", "Seconds of a processor, on the device: the data need not travel."),
        "forgotten": ("a few points", "Without old requests beside the new it takes everything for yours."),
        "swap_ms": ("tens of ms", "An adapter in memory need only be named. Time is not the matter, memory is."),
        "on_disk": ("nothing", "Numbers and names of commands, no phrase. Small is not secret: 09."),
        "plan": (
            "what the table says",
            "From all eight phrases more is understood, and you could not know by how much.",
        ),
    },
    "08_generation": {
        "generator_calls": (
            "most: it can write anything",
            "It names tools well and fills arguments badly. Look at both columns.",
        ),
        "without_cache": ("a few percent more", "Without the cache every token reads everything again."),
        "tokens_a_second": ("thousands", "Every token reads every weight once: the memory sets the pace."),
        "int8_over_fp32": ("four times", "Fewer bytes, less time, but not in proportion: the rest stays."),
        "flips_int4": ("none: the perplexity is alike", "Perplexity averages. A flip sends a text another way."),
        "encoder_calls": ("less than the generator", "Far smaller, and trained for the job."),
        "invented": ("none", "Who writes may invent; who repeats cannot."),
        "generator_leads": (
            "three or four",
            "At this size in none. Its one skill is the sentence that is not there yet.",
        ),
    },
    "09_privacy": {
        "stolen": ("half", "What may be asked can be copied. Answers are the model."),
        "off": ("hardly: a thousand phones", "Each lie protects one person and blurs the sum. That is the trade."),
        "enough": ("1", "Fewer phones, more epsilon: privacy needs a crowd."),
        "given_away": ("50: a coin", "Each report was private. All of them together were not."),
        "sends": ("a dozen", "Count what the code declares, then watch whether it keeps its word."),
        "linked": ("none", "One row is enough to need a policy."),
        "leaks": ("none", "It hides what it finds. What it misses leaves."),
        "hiding": ("nothing", "Hiding has a price: teach the cloud to read what is left."),
        "names": ("none: it is a model", "A vocabulary is a list of the words of your data."),
        "label_alone": ("most of it", "Hiding the numbers costs the app more than the thief."),
        "recognized": ("1 in 20: chance", "A mean of four phrases gives each of them away."),
        "unseen": ("none: there are hashes", "Whoever changes a file can hash it anew. A signature they cannot make."),
        "homoglyphs": ("nearly all: it reads the same", "To you it reads the same. Tokens see other letters."),
        "group": ("a dozen", "The promise sets the group, not taste."),
    },
    "10_selection": {
        "truly_clears": (
            "certain: it is above",
            "Above the bar in the sample is not above the bar. How sure is the question.",
        ),
        "examples": ("500", "What is cheaper: to label that many requests, or to ship a larger model?"),
        "break_even": ("one million", "At these prices the people cost, not the tokens."),
        "noisy": (
            "most of them",
            "With so much noise so small a fleet sees nothing. Privacy is paid in spoiled answers.",
        ),
        "new_traffic": ("a few", "An alarm says that something changed. Label a hundred and look."),
        "release": ("what validation cost", "The judge brings other traffic. Who left no room pays for it."),
    },
}
