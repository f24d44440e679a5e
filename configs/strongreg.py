"""The reference's strongly regularised model, made causal: 29,180,928 parameters, 50,000 steps of 32 x 256 tokens.

    python scripts/train.py --config=configs/strongreg.py

Override any key on the command line: `--config.max_steps=20 --config.model.num_layers=4`.

Expected: the loss starts near ln 8000 = 8.99. Figures of a full run are in the README's results table once measured.
The reference's validation loss of 1.2539 is not a target: its model saw the tokens it had to predict.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    """All keys; every other config changes some of them."""
    config = ConfigDict()
    config.seed = 0  # of initialisation, dropout and the order of the data

    config.model = ConfigDict()
    config.model.arch_type = "transformer"  # a decoder-only Transformer; no other is implemented
    config.model.num_layers = 8  # blocks of attention and feed-forward
    config.model.hidden_dim = 512  # width of the residual stream; num_heads divides it
    config.model.num_heads = 8  # attention heads of hidden_dim / num_heads dimensions each
    config.model.ffn_multiplier = 3.0  # feed-forward width = hidden_dim x this
    config.model.normalization = "layernorm"  # or "rmsnorm"
    config.model.activation = "gelu"  # or "silu", "swiglu", "geglu"
    config.model.position_encoding = "rope"  # or "learned", "none"
    config.model.attention_dropout = 0.2  # on attention probabilities
    config.model.residual_dropout = 0.2  # on both residual branches and the feed-forward hidden layer
    config.model.vocab_size = 8000  # special tokens included
    config.model.max_seq_length = 256  # tokens in a training window
    config.model.init = "normal"  # N(0, 0.02) everywhere; "scaled" divides residual projections by sqrt(2 L)

    config.max_steps = 50_000  # optimizer steps; the run and the learning rate's decay end here
    config.batch_size = 32  # windows a step, over all devices
    config.grad_accum_steps = 1  # a step's batch is computed in this many parts
    config.optimizer = (
        "adamw"  # or "muon": orthogonal updates for the matrices of the layers, AdamW for the rest
    )
    config.schedule = "cosine"  # after the warm-up; or "linear", or "wsd": constant, then linear decay
    config.learning_rate = 3e-4  # reached after the warm-up
    config.final_learning_rate = 1e-5  # the schedule ends here at max_steps
    config.warmup_steps = 2000  # linear from 0; cut to max_steps, so that 20 steps reach the full rate at 20
    config.decay_share = 0.2  # of max_steps: how long the decay of "wsd" takes
    config.beta1 = 0.9  # AdamW's decay of the mean of the gradients
    config.beta2 = 0.95  # AdamW's decay of the mean of their squares
    config.weight_decay = 0.05  # on matrices and embeddings, not on norms
    config.grad_clip = 1.0  # largest global gradient norm
    config.label_smoothing = 0.1  # share of the target spread evenly over the vocabulary
    config.compute_dtype = "auto"  # bfloat16 on accelerators, float32 on CPU; or name one
    config.attention = "auto"  # one GPU "kernel" where it runs, else "xla"; same masks, other rounding
    config.deterministic = (
        False  # True: the same bits in every run on a GPU, at some cost in speed; a CPU gives them anyway
    )

    config.log_every = 50  # steps between lines in metrics.jsonl
    config.eval_every = 500  # steps between held-out evaluations
    config.eval_tokens = 100_000  # of the held-out files of known packages, always the same ones
    config.final_eval_tokens = 500_000  # of each held-out set, unseen packages too, once, after the last step
    config.monitor_every = 2500  # steps between checks of samples for collapse; 0 for none
    config.monitor_samples = 5  # samples per prompt; eleven prompts, with and without worked examples
    config.checkpoint_every = 5000  # steps between checkpoints; the latest two and the best are kept
    config.checkpoint_minutes = 10.0  # a checkpoint is also saved after this long, for slow machines
    config.keep_steps = (6000, 10_000, 20_000)  # also kept: the milestones of the reference's table
    config.max_nonfinite_steps = 10  # steps in a row with a non-finite gradient before the run stops

    config.data = ConfigDict()
    config.data.source = (
        "python-env"  # what is installed; or "packages", "directories", "text", "records", "exercises"
    )
    config.data.corpus = "strongreg"  # of "packages": a list in configs/corpora, or the path of a .toml file
    config.data.directories = ()  # of "directories": their immediate subfolders count as packages
    config.data.train_path = ""  # of "text": lines holding only <|endoftext|> separate documents
    config.data.val_path = ""  # of "text"
    config.data.records = ()  # of "records": .parquet, .arrow, .jsonl, .jsonl.gz, .jsonl.zst, or directories of them
    config.data.content_column = "content"  # the source text of a row
    config.data.licence_column = ""  # its licence or list of licences; "" where there is none
    config.data.package_column = (
        ""  # what is held out as one, such as a repository; "" takes the path's first folder
    )
    config.data.path_column = ""  # the file's path; "" names rows by their contents
    config.data.exercises = ConfigDict()  # of "exercises": generated functions
    config.data.exercises.seed = 0
    config.data.exercises.count = 20_000  # training documents of one to six functions
    config.data.tokenizer_path = ""  # an existing tokenizer.json; "" trains one
    config.data.licenses = ()  # SPDX identifiers to accept, e.g. ("MIT", "BSD-3-Clause"); () accepts all
    config.data.drop_secrets = True  # leave out files that seem to hold keys or passwords
    config.data.decontaminate = ()  # benchmark files whose problems must not be trained on
    config.data.decontaminate_level = 1  # by text; 2: also by names, wordings and renamed solutions of tasks
    config.data.max_bytes = 100_000_000  # the reference's 100 MB
    config.data.max_package_share = 1.0  # of a package, of max_bytes or all found; 1.0 limits none
    config.data.max_test_share = 1.0  # of test files, known by their paths, likewise
    config.data.drop_docstring_only = False  # leave out files in which nothing runs
    config.data.max_file_bytes = 1_000_000  # larger files are data or generated code
    config.data.max_line_length = 1000  # characters; longer lines are data or generated code
    config.data.near_duplicate_threshold = 0.7  # Jaccard similarity of 5-token shingles
    config.data.split_seed = 0  # deals files into splits; change it and models can't be compared
    config.data.tokenizer_bytes = 30_000_000  # of training text that the tokenizer sees
    config.data.prepared_dir = "data/strongreg"  # where the prepared data is kept and found again
    config.data.windows = "stream"  # cut the tokens anywhere; "documents" packs whole documents
    config.data.sets = ()  # further prepared sets: rows (name, prepared_dir, windows)
    config.data.mixture = ()  # rows (first step, set, weight), the data above being the set "corpus"; () for it alone
    return config
