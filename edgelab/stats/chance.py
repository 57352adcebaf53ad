"""A probability in words."""


def told(probability: float) -> str:
    """Three digits; one that was estimated by draws is never told as a certainty."""
    if probability > 0.999:
        return "above 0.999"
    return "below 0.001" if probability < 0.001 else f"{probability:.3f}"
