"""The fields of documented and recorded answers: names alone, as they are spelled there."""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


QUERIED_ORDER: Final = _names(
    "clientOrderId cummulativeQuoteQty executedQty icebergQty isWorking orderId origQty price side"
    " status stopPrice symbol isIsolated time timeInForce type selfTradePreventionMode updateTime"
)
PLACED_FULL: Final = _names(
    "symbol orderId clientOrderId transactTime price origQty executedQty cummulativeQuoteQty status"
    " timeInForce type side marginBuyBorrowAmount marginBuyBorrowAsset isIsolated"
    " selfTradePreventionMode fills"
)
PLACED_FILL: Final = _names("price qty commission commissionAsset tradeId")
CANCELED: Final = _names(
    "symbol isIsolated orderId origClientOrderId clientOrderId price origQty executedQty"
    " cummulativeQuoteQty status timeInForce type side"
)
SWEPT: Final = CANCELED | _names("orderListId selfTradePreventionMode")
MY_TRADE: Final = _names(
    "commission commissionAsset id isBestMatch isBuyer isMaker orderId price qty symbol isIsolated"
    " time"
)
ISOLATED: Final = _names(
    "baseAsset quoteAsset symbol isolatedCreated enabled marginLevel marginLevelStatus marginRatio"
    " indexPrice liquidatePrice liquidateRate tradeEnabled"
)
ISOLATED_ASSET: Final = _names(
    "asset borrowEnabled borrowed free interest locked netAsset netAssetOfBtc repayEnabled"
    " totalAsset"
)
TOTALS: Final = _names("totalAssetOfBtc totalLiabilityOfBtc totalNetAssetOfBtc")
FEE_DATA: Final = _names("vipLevel symbol leverage data")
TIER: Final = _names(
    "symbol tier effectiveMultiple initialRiskRatio liquidationRiskRatio baseAssetMaxBorrowable"
    " quoteAssetMaxBorrowable"
)
PAIR: Final = _names("base isBuyAllowed isMarginTrade isSellAllowed quote symbol")
LIQUIDATION: Final = _names(
    "avgPrice executedQty orderId price qty side symbol timeInForce isIsolated updatedTime"
)
INTEREST: Final = _names(
    "txId interestAccuredTime asset rawAsset principal interest interestRate type isolatedSymbol"
)
LOAN: Final = _names("isolatedSymbol amount asset interest principal status timestamp txId type")
RESTRICTIONS: Final = _names(
    "ipRestrict createTime enableInternalTransfer enableFutures enablePortfolioMarginTrading"
    " enableVanillaOptions permitsUniversalTransfer enableReading enableSpotAndMarginTrading"
    " enableWithdrawals enableMargin"
)
ORDER_COUNT: Final = _names("rateLimitType interval intervalNum limit count")
INFO: Final = _names("timezone serverTime rateLimits exchangeFilters symbols")
INFO_SYMBOL: Final = _names(
    "symbol status baseAsset baseAssetPrecision quoteAsset quotePrecision quoteAssetPrecision"
    " orderTypes icebergAllowed ocoAllowed quoteOrderQtyMarketAllowed allowTrailingStop"
    " cancelReplaceAllowed isSpotTradingAllowed isMarginTradingAllowed filters permissions"
    " defaultSelfTradePreventionMode allowedSelfTradePreventionModes"
)
BOOK: Final = _names("symbol bidPrice bidQty askPrice askQty")
TRADE: Final = _names("id price qty quoteQty time isBuyerMaker isBestMatch")
AGG_TRADE: Final = _names("a p q f l T m M")
EXECUTION: Final = _names("e E s c S o f q p P F g C x X r i l z L n N T t I w m M O Z Y Q W V")
STREAM_AGG: Final = _names("e E s a p q f l T m M")
STREAM_TRADE: Final = _names("e E s t p q T m M")
STREAM_BOOK: Final = _names("u s b B a A")
STREAM_TICKER: Final = _names("e E s p P w x c Q b B a A o h l v q O C F L n")
STREAM_KLINE: Final = _names("t T s i f L o c h l v n x q V Q B")
