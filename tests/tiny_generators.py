"""A random Llama of two layers with a tokenizer of its own: as a folder of transformers, and as a GGUF file."""

from pathlib import Path

CHAT = (
    "{% for message in messages %}{{ '<|start|>' + message['role'] + '\n' + message['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"
)
TEXT = ["wake me at half past six", "the meeting moved from ten to three", "play some jazz in the kitchen"] * 20
CONTEXT = 128


def save(folder: Path, *, chat: str | None = CHAT) -> None:
    """The folder of a checkpoint: 2 layers, 64 wide, 4 heads of which 2 have keys, random."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    marks = ["<|unknown|>", "<|start|>", "<|end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=marks, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXT, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=marks[0], bos_token=marks[1], eos_token=marks[2], pad_token=marks[2]
    )
    fast.chat_template = chat
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=0.3,  # logits that differ: the default's are nearly alike
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def save_gguf(checkpoint: Path, file: Path, *, splits: str = "gpt-2") -> None:
    """The same weights as llama.cpp writes them: float32, the rows of queries and keys in its order of rotation.

    Args:
        splits: the name of how texts are cut into words.
    """
    import json

    import gguf
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(checkpoint)
    config, vocabulary = model.config, json.loads((checkpoint / "tokenizer.json").read_text("utf-8"))["model"]
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(splits)
    writer.add_token_list(sorted(vocabulary["vocab"], key=vocabulary["vocab"].get))
    writer.add_token_types([3] * 3 + [1] * (config.vocab_size - 3))  # 3: control, 1: normal
    writer.add_token_merges([" ".join(pair) for pair in vocabulary["merges"]])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(CHAT)
    renamed = {
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.": "attn_",
        "mlp.": "ffn_",
    }
    renamed |= {"o_proj": "output", "_proj": "", "model.layers": "blk", "model.embed_tokens": "token_embd"}
    renamed |= {"model.norm": "output_norm"}
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, weights in model.state_dict().items():
        if name == "lm_head.weight":  # tied
            continue
        for part, count in heads.items():
            if part in name:
                half = weights.shape[0] // count // 2
                weights = weights.reshape(count, 2, half, -1).swapaxes(1, 2).reshape(weights.shape)
        for old, new in renamed.items():
            name = name.replace(old, new)
        writer.add_tensor(name, weights.to(torch.float32).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
