"""Words that may accompany a grade, in English and Spanish.

None of them names a device, an account or another object of a request. So "5 very good service" is
a grade, and "5 laptops are broken" is not.
"""

_ENGLISH = """
good great very really so super excellent perfect awesome amazing nice wonderful fantastic
brilliant fast quick quickly speedy prompt helpful kind friendly polite professional patient clear
easy smooth bad slow slowly poor terrible awful horrible worst rude useless unhelpful late long
wait waited waiting took forever too not never no nothing nobody much most best better worse could
should would have had been be was were is are it its this that all and but or the a an at of for
from with to you your they he she i we me us just okay ok fine happy satisfied pleased unhappy
disappointed disappointing impressed annoyed annoying frustrating service job work experience
answer answers response team thank thanks thx again today customer care absolutely definitely
totally overall outstanding superb top notch average meh alright decent
"""
_SPANISH = """
muy bien bueno buena buen excelente excelentes servicio atencion rapido rapida rapidos amable
amables lento lenta malo mala mal pesimo pesima horrible regular todo nada util inutil no fue es
el la lo los las un una y pero gracias por tarde demasiado mucho mucha poco genial perfecto
perfecta estupendo estupenda trato trabajo respuesta espera me nos de su que satisfecho satisfecha
contento contenta decepcionado decepcionada
"""
PRAISE_AND_BLAME = frozenset(f"{_ENGLISH} {_SPANISH}".split())
